package inbound

import (
	"encoding/json"
	"strings"
)

// notification is what Amazon's notices of a topic hold, where they come by mail.
type notification struct {
	Type    string `json:"notificationType"`
	Event   string `json:"eventType"` // what it is called where a configuration set sends it
	Message string // the notification itself, where all is JSON
	Bounce  struct {
		Type       string             `json:"bounceType"`
		Recipients []bouncedRecipient `json:"bouncedRecipients"`
	}
	Complaint struct {
		Kind       string             `json:"complaintFeedbackType"`
		Recipients []bouncedRecipient `json:"complainedRecipients"`
	}
	Delivery struct{ Recipients []string }
}

type bouncedRecipient struct {
	Address    string `json:"emailAddress"`
	Diagnostic string `json:"diagnosticCode"`
	Action     string
	Status     string
}

// cutLine is what old relays put where they cut a long line.
var cutLine = strings.NewReplacer("!\n ", "", "\n", "")

// notificationIn reads one at the beginning of a text.
func notificationIn(text string) (n notification, ok bool) {
	text = strings.TrimSpace(text)
	if !strings.HasPrefix(text, "{") {
		return n, false
	}
	if json.NewDecoder(strings.NewReader(cutLine.Replace(text))).Decode(&n) != nil {
		return n, false
	}
	if n.Message != "" {
		return notificationIn(n.Message)
	}
	if n.Type == "" {
		n.Type = n.Event
	}
	return n, n.Type == "Bounce" || n.Type == "Complaint" || n.Type == "Delivery"
}

// notification takes over what one says. What the relay itself calls passing makes nobody unknown.
func (r *Report) notification(n notification, m *part) {
	r.Machine = true
	var blocks []block
	for _, to := range n.Bounce.Recipients {
		blocks = append(blocks, block{{"final-recipient", to.Address}, {"action", "failed"}, {"status", to.Status},
			{"diagnostic-code", to.Diagnostic}})
	}
	for _, to := range n.Delivery.Recipients {
		blocks = append(blocks, block{{"final-recipient", to}, {"action", "delivered"}, {"status", "2.0.0"}})
	}
	r.delivery(blocks, m, notice{marked: true})
	for i := range r.Recipients {
		r.Recipients[i].Gone = r.Recipients[i].Gone && n.Bounce.Type == "Permanent"
	}
	if n.Type == "Complaint" {
		if r.Kind = Complaint; n.Complaint.Kind != "" && !isComplaint(n.Complaint.Kind) {
			r.Kind = Notice
		}
		for _, to := range n.Complaint.Recipients[:min(len(n.Complaint.Recipients), maxRecipients)] {
			r.Recipients = append(r.Recipients, Recipient{Address: address(to.Address), Kind: r.Kind})
		}
	}
}
