package config

import (
	"cmp"
	"slices"

	"digestd/digest"
)

// Archive is [archive]: what becomes of the public pages beside the listener. Which digests have some, they say.
type Archive struct {
	BaseURL string // no trailing slash; empty: that of [web]
	Export  string // directory; empty: none
	After   string // command; empty: none
}

func archiveKeys(a *Archive) []key {
	return []key{
		text("base_url", &a.BaseURL, `""`, "URL",
			"How the archive is reached, where that is not base_url of [web]: a static host that the files of "+
				"export go to.", baseURL),
		text("export", &a.Export, `""`, "path",
			"Directory that holds the archive as files, for any web server. It is brought up to date after each "+
				"edition.", output),
		text("after", &a.After, `""`, "shell command",
			"Run by /bin/sh for each new edition in the archive, in the directory of this file and for a minute "+
				"at most, with the edition as JSON on its standard input. Where it fails, it is tried again."),
	}
}

// ArchiveURL is where the public pages are reached, without a slash at its end; empty: nowhere.
func (c *Config) ArchiveURL() string {
	if c.Archive.BaseURL != "" || c.Web == nil {
		return c.Archive.BaseURL
	}
	return c.Web.BaseURL
}

// ArchiveZone is the zone whose lane of a digest the archive lists: the newsletter's where it has readers there, else
// the first. Lanes of other zones tell nearly the same.
func (c *Config) ArchiveZone(d digest.Digest) string {
	lanes := c.Lanes(d)
	home := cmp.Or(d.Zone, c.Newsletter.Timezone)
	if len(lanes) == 0 || slices.Contains(lanes, digest.Lane{Digest: d.ID, Zone: home}) {
		return home
	}
	return lanes[0].Zone
}

// reservedPaths are what the listener has other pages for.
var reservedPaths = []string{"u", "p", "subscribe", "confirm", "healthz", "metrics"}

// checkArchive checks that the digests with an archive can have one.
func checkArchive(r *reader, c *Config, root *table) {
	for _, d := range c.Digests {
		if !d.Archive {
			continue
		}
		at := root.values["digests"].table.values[d.ID].table.values["archive"].place
		switch {
		case slices.Contains(reservedPaths, d.ID):
			r.report(at, "archive of digest %q: its pages would stand where others do: it needs another name", d.ID)
		case c.ArchiveURL() == "":
			r.report(at, "archive of digest %q needs [web] with base_url, or base_url of [archive]: where its pages are read", d.ID)
		}
	}
	some := slices.ContainsFunc(c.Digests, func(d digest.Digest) bool { return d.Archive })
	if v := root.values["archive"]; !some && v != nil && v.kind == tableKind {
		r.warn(v.table.place, "[archive] is for nothing: no digest has archive = true")
	}
}
