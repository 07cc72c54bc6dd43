package archive

import (
	"time"

	"digestd/internal/ledger"
)

// Edition is an edition in the archive, as commands tell of it.
type Edition struct {
	Edition     string    `json:"edition"`
	Digest      string    `json:"digest"`
	Title       string    `json:"title"`   // of the digest
	Subject     string    `json:"subject"` // of the mail
	Description string    `json:"description,omitempty"`
	Picture     string    `json:"picture,omitempty"`
	URL         string    `json:"url"`
	Path        string    `json:"path"`
	Date        string    `json:"date"` // in words
	Slot        time.Time `json:"slot"`
	Composed    time.Time `json:"composed"`
	Number      int       `json:"number,omitempty"`
	Stories     int       `json:"stories"`
	Languages   []string  `json:"languages"`
	Listed      bool      `json:"listed"`
	Later       bool      `json:"made_later,omitempty"`
	Withdrawn   bool      `json:"withdrawn,omitempty"`
	Attempt     int       `json:"attempt,omitempty"` // of the owner's command, from 1
	After       string    `json:"after,omitempty"`   // where that stands
	AfterError  string    `json:"after_error,omitempty"`
}

// Describe tells of a row.
func (s *Site) Describe(row ledger.Archived) Edition {
	return Edition{Edition: row.Edition, Digest: row.Digest, Title: row.Masthead, Subject: row.Subject,
		Description: row.Description, Picture: row.Picture, URL: s.base + "/" + row.Path + "/", Path: row.Path,
		Date: row.Date, Slot: row.Slot, Composed: row.Composed, Number: row.Number, Stories: row.Stories,
		Languages: row.Languages, Listed: row.Listed, Later: row.Later, Withdrawn: row.Withdrawn,
		Attempt: row.After.Tries, After: row.After.State, AfterError: row.After.Words}
}
