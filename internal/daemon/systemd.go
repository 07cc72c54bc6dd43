package daemon

import (
	"log/slog"
	"strings"
	"time"

	systemd "github.com/coreos/go-systemd/v22/daemon"
)

// States of sd_notify(3), as the loop uses them.
const (
	notifyReady    = systemd.SdNotifyReady
	notifyStopping = systemd.SdNotifyStopping
	notifyWatchdog = systemd.SdNotifyWatchdog
)

// notifyReloading must be followed by notifyReady, whatever became of the reload. The time stamp is what
// Type=notify-reload asks for, and Type=notify ignores it.
func notifyReloading() string {
	return systemd.SdNotifyReloading + "\n" + strings.TrimSuffix(systemd.SdNotifyMonotonicUsec(), "\n")
}

// notifyStatus is a line for `systemctl status`.
func notifyStatus(words string) string {
	line, _, _ := strings.Cut(words, "\n")
	return "STATUS=" + line
}

// Systemd tells the loop how to speak with systemd, and how often systemd wants to hear from it. Where
// there is no systemd, nobody is told anything.
func (l *Loop) Systemd(log *slog.Logger) {
	l.Notify = func(state string) {
		if _, err := systemd.SdNotify(false, state); err != nil {
			log.Warn("cannot tell systemd", "state", state, "error", err)
		}
	}
	interval, err := systemd.SdWatchdogEnabled(false)
	if err != nil {
		log.Warn("the watchdog's interval cannot be read: systemd may end the daemon", "error", err)
		interval = 2 * time.Second
	}
	l.Watchdog = interval
}
