package ledger

import (
	"time"

	"digestd/internal/ledger/store"
)

// Alert is a problem of which the operator was told, and not yet that it is gone.
type Alert struct {
	ID    string    `json:"id"` // the same as long as it is the same problem
	Words string    `json:"words"`
	Since time.Time `json:"since"`
	By    string    `json:"by,omitempty"` // which sender told of it, where there are several
}

// Alerts are the problems of which the operator was told, as SetAlerts left them.
func (l *Ledger) Alerts() ([]Alert, error) {
	return viewed(l.base, func(tx store.Tx) ([]Alert, error) {
		alerts, _, err := tableAlerts.in(tx).get(keyAlerts)
		return alerts, err
	})
}

// SetAlerts remembers of which problems the operator was told.
func (l *Ledger) SetAlerts(alerts []Alert) error {
	err := l.update(touches{store.Itself()}, func(tx store.Tx) error { return tableAlerts.in(tx).put(keyAlerts, alerts) })
	return during(err, "remember alerts")
}
