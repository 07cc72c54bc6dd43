package subscribers

// NoSuchMailbox reports whether an enhanced status code (RFC 3463) says that there is no such mailbox, or that it
// is disabled. Those codes suppress an address, at RCPT as well as in a bounce; no other does: a full mailbox gets
// empty, and 5.7.x is about the sender.
func NoSuchMailbox(status string) bool {
	return status == "5.1.1" || status == "5.1.10" || status == "5.2.1"
}

// MaxUnknown addresses of one domain are believed to be gone when one status code says so of them in one run, or in
// the bounces of one edition. When it is said of more, something is wrong with the server that says it.
const MaxUnknown = 5
