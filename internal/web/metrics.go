package web

import (
	"net/http"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"digestd/internal/report"
)

// Metrics serves figures to Prometheus, from a registry of its own, and those of the process beside them.
// Nothing in them names a feed or a reader.
func Metrics(version string, figures func() (report.Figures, error)) http.Handler {
	registry := prometheus.NewRegistry()
	registry.MustRegister(newFiguresCollector(version, figures), collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return promhttp.HandlerFor(registry,
		promhttp.HandlerOpts{MaxRequestsInFlight: 2, ErrorHandling: promhttp.HTTPErrorOnError})
}

// figuresCollector makes metrics of figures when it is asked.
type figuresCollector struct {
	figures func() (report.Figures, error)
	version string

	build, feeds, items, editions, paused, deliveries, problems, bytes, written *prometheus.Desc
	lastDeliveries, delay, lag, next, last                                      *prometheus.Desc // of a lane
}

func newFiguresCollector(version string, figures func() (report.Figures, error)) *figuresCollector {
	describe := func(name, help string, labels ...string) *prometheus.Desc {
		return prometheus.NewDesc("digestd_"+name, help, labels, nil)
	}
	return &figuresCollector{
		figures: figures, version: version,
		build:    describe("build_info", "1, with the version of the program.", "version"),
		feeds:    describe("feeds", "Feeds of the configuration, by how they are.", "state"),
		items:    describe("items_total", "Items that were ever recorded."),
		editions: describe("editions", "Editions in the ledger, by how they stand.", "state"),
		paused:   describe("editions_paused", "Open editions whose last run ended before its time."),
		deliveries: describe("deliveries_total",
			"Deliveries since the start of the process, by what they came to; a deferred one counts each time.", "outcome"),
		problems: describe("problems", "What needs a person: as many as digestd status prints."),
		bytes:    describe("ledger_bytes", "Length of the ledger file."),
		written:  describe("ledger_last_write_timestamp_seconds", "When the ledger was last written."),

		lastDeliveries: describe("last_edition_deliveries", "Deliveries of the lane's last edition, by how they stand.",
			"digest", "zone", "state"),
		delay: describe("last_edition_delay_seconds", "From the slot of the lane's last edition until it was composed.",
			"digest", "zone"),
		lag: describe("slot_lag_seconds",
			"Since the slot of the lane that is due and not used; 0 when there is none.", "digest", "zone"),
		next: describe("next_slot_timestamp_seconds", "When the lane is due next.", "digest", "zone"),
		last: describe("last_slot_timestamp_seconds", "The lane's last slot that was used.", "digest", "zone"),
	}
}

func (c *figuresCollector) Describe(to chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{c.build, c.feeds, c.items, c.editions, c.paused, c.deliveries, c.problems,
		c.bytes, c.written,
		c.lastDeliveries, c.delay, c.lag, c.next, c.last} {
		to <- d
	}
}

func (c *figuresCollector) Collect(to chan<- prometheus.Metric) {
	gauge := func(d *prometheus.Desc, value float64, labels ...string) {
		to <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, value, labels...)
	}
	counter := func(d *prometheus.Desc, value float64, labels ...string) {
		to <- prometheus.MustNewConstMetric(d, prometheus.CounterValue, value, labels...)
	}
	f, err := c.figures()
	if err != nil {
		to <- prometheus.NewInvalidMetric(c.problems, err)
		return
	}
	gauge(c.build, 1, c.version)
	for _, state := range []string{"well", "failing", "gone", "unread"} {
		gauge(c.feeds, float64(f.Feeds[state]), state)
	}
	counter(c.items, float64(f.Items))
	for _, state := range []string{"complete", "open", "withdrawn"} {
		gauge(c.editions, float64(f.Editions[state]), state)
	}
	gauge(c.paused, float64(f.Paused))
	for state, n := range f.Delivered {
		counter(c.deliveries, float64(n), label(state))
	}
	gauge(c.problems, float64(f.Problems))
	gauge(c.bytes, float64(f.Bytes))
	if !f.LastWrite.IsZero() {
		gauge(c.written, seconds(f.LastWrite))
	}
	for _, l := range f.Lanes {
		digest, zone := l.Lane.Digest, l.Lane.Zone
		gauge(c.lag, l.Lag.Seconds(), digest, zone)
		if !l.Next.IsZero() {
			gauge(c.next, seconds(l.Next), digest, zone)
		}
		if !l.Last.IsZero() {
			gauge(c.last, seconds(l.Last), digest, zone)
		}
		if len(l.Deliveries) > 0 {
			gauge(c.delay, l.Delay.Seconds(), digest, zone)
		}
		for state, n := range l.Deliveries {
			gauge(c.lastDeliveries, float64(n), digest, zone, label(state))
		}
	}
}

func seconds(t time.Time) float64 { return float64(t.UnixMilli()) / 1000 }

// label is the state of a delivery as a label: its first words, joined.
func label(state string) string {
	if strings.HasPrefix(state, "nothing") {
		return "nothing"
	}
	return strings.ReplaceAll(state, " ", "_")
}
