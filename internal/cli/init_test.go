package cli

import (
	"bufio"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"digestd/internal/config"
	"digestd/internal/setup"
)

// TestProviders holds that what init writes for each provider is a configuration, and one that warns of nothing in [smtp].
func TestProviders(t *testing.T) {
	all := setup.Providers()
	if len(all) < 20 {
		t.Errorf("%d providers are known", len(all))
	}
	for i, p := range all {
		t.Run(p.Name, func(t *testing.T) {
			if i > 0 && all[i-1].Name >= p.Name {
				t.Errorf("%s stands after %s", p.Name, all[i-1].Name)
			}
			if (p.Port == 465) != (p.TLS == "implicit") {
				t.Errorf("port %d goes with tls %q", p.Port, p.TLS)
			}
			path := filepath.Join(t.TempDir(), "config.toml")
			text, err := setup.Answers{Name: `The "Wire" \o/`, From: "wire@site.example", Provider: p, User: "me", PasswordFile: path,
				Feeds: setup.Sample(), Readers: []string{"ana@site.example", "bo@site.example"}, Hour: "7:30", Zone: "Europe/Paris"}.TOML()
			if err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, text, 0o600); err != nil {
				t.Fatal(err)
			}
			cfg, problems := config.Load(path, config.Env{})
			if len(problems) > 0 {
				t.Fatal(problems)
			}
			if cfg.Newsletter.Name != `The "Wire" \o/` || cfg.SMTP.Host != p.Host || cfg.SMTP.Port != p.Port || cfg.Subscribers.Len() != 2 {
				t.Errorf("read back: %+v, %d readers", cfg.SMTP, cfg.Subscribers.Len())
			}
			for _, w := range cfg.Warnings {
				if strings.Contains(w.Text, "[smtp]") {
					t.Error(w)
				}
			}
		})
	}
}

// TestQuestion holds that an answer that is wrong is said and asked for again, and that an end of the answers ends it.
func TestQuestion(t *testing.T) {
	var taken string
	q := question{words: "When?", usual: "07:00", take: func(s string) error {
		if s == "noon" {
			return errors.New("no time of day")
		}
		taken = s
		return nil
	}}
	var out strings.Builder
	if err := put(&out, bufio.NewReader(strings.NewReader("noon\n\n")), q); err != nil || taken != "07:00" {
		t.Errorf("%q, %v", taken, err)
	}
	if want := "\nWhen?\n[07:00] > no time of day\n[07:00] > "; out.String() != want {
		t.Errorf("%q, want %q", out.String(), want)
	}
	q.usual = ""
	if err := put(&out, bufio.NewReader(strings.NewReader("\n\nnoo")), q); err == nil || !strings.HasSuffix(out.String(), "nothing is written\n> ") {
		t.Error("an end of the answers is no answer")
	}
}
