package config

// Alerts is [alerts].
type Alerts struct {
	Command      string
	HeartbeatURL string
}

func alertsKeys(a *Alerts) []key {
	return []key{
		text("command", &a.Command, `""`, "shell command",
			"Run by /bin/sh, in the directory of this file and for a minute at most, with the message on its "+
				"standard input: once when something begins to need a person, once when it is well again."),
		text("heartbeat_url", &a.HeartbeatURL, `""`, "URL",
			"Fetched once a minute while nothing needs a person, for a service that reports its absence.", webURL),
	}
}
