// Package e2e holds the tests that take digestd from feeds to inboxes with nothing of it replaced:
// the real program, built once per run, hands its mail to a real Postfix, which delivers it into
// mailboxes that are read back from a real Dovecot. It has no code of its own, and its tests know
// nothing of the program but what an operator and a reader see: config, commands, JSON, exit codes,
// mail and pages.
//
// The servers are private to each test, on loopback and ports of the system's choice, with their
// files in a temporary directory. They need root, Debian's postfix and dovecot-imapd; the tests that
// look at mails as others do need Python, mutt and SpamAssassin, the one of the readers' side needs
// Chromium. They run where DIGESTD_REQUIRE=all asks for them, and are skipped with a sentence elsewhere.
package e2e
