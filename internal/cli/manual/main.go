// Manual writes what the package installs beside the program and what follows from its commands: manual pages
// and the completions of shells. It is not part of the program.
//
//	go run ./internal/cli/manual DIR
//
// Pages are dated by $SOURCE_DATE_EPOCH, so that two runs write the same.
package main

import (
	"fmt"
	"log"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/cpuguy83/go-md2man/v2/md2man"
	"github.com/spf13/cobra"
	"github.com/spf13/cobra/doc"

	"digestd/internal/cli"
)

func main() {
	log.SetFlags(0)
	if len(os.Args) != 2 {
		log.Fatal("usage: go run ./internal/cli/manual DIR")
	}
	if err := write(os.Args[1]); err != nil {
		log.Fatal(err)
	}
}

func write(dir string) error {
	date := time.Now()
	if epoch := os.Getenv("SOURCE_DATE_EPOCH"); epoch != "" {
		seconds, err := strconv.ParseInt(epoch, 10, 64)
		if err != nil {
			return fmt.Errorf("SOURCE_DATE_EPOCH: %w", err)
		}
		date = time.Unix(seconds, 0)
	}
	date = date.UTC()
	root := cli.Commands()
	root.InitDefaultCompletionCmd()
	undated(root)
	for _, sub := range []string{"man1", "man5", "completions"} {
		if err := os.MkdirAll(filepath.Join(dir, sub), 0o755); err != nil {
			return err
		}
	}
	header := &doc.GenManHeader{Section: "1", Date: &date, Source: "digestd", Manual: "digestd"}
	if err := doc.GenManTree(root, header, filepath.Join(dir, "man1")); err != nil {
		return err
	}
	if err := addPart(filepath.Join(dir, "man1", "digestd.1"), ofTheService); err != nil {
		return err
	}
	if err := configPage(filepath.Join(dir, "man5", "digestd-config.5"), date); err != nil {
		return err
	}
	return completions(root, filepath.Join(dir, "completions"))
}

// ofTheService is what digestd(1) says beyond the commands, as roff.
const ofTheService = `
.SH EXIT STATUS
.TP
.B 0
done
.TP
.B 1
done, but something failed or is still owed; the output names it
.TP
.B 2
usage or configuration: each error has a line of its own, in the form FILE:LINE:COL where there is a file
.TP
.B 130
interrupted
.SH FILES
.TP
.I /etc/digestd/config.toml
the configuration, see
.BR digestd-config (5)
.TP
.I /etc/digestd/credentials/
secrets that systemd gives to the service, for root alone
.TP
.I /var/lib/digestd/digestd.db
the ledger: what was seen, used and sent, and who does not want to be written to any more
.TP
.I /var/lib/digestd/digestd.db.sock
the control socket, by which commands reach the ledger while the daemon has it
.TP
.I /usr/share/doc/digestd/
how to run it: operations.md
.SH ENVIRONMENT
.TP
.B DIGESTD_CONFIG
the configuration, where \-\-config is not given
.TP
.BR STATE_DIRECTORY ", " CREDENTIALS_DIRECTORY
as systemd sets them: where relative paths of ledger and maildir begin, and where smtp\-password and dkim\-key are
.TP
.B NO_COLOR
no colours on a terminal
`

// addPart adds roff to a page, before what it refers to.
func addPart(path, part string) error {
	page, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	before, after, found := strings.Cut(string(page), "\n.SH SEE ALSO\n")
	if !found {
		return fmt.Errorf("%s refers to no other page", path)
	}
	return os.WriteFile(path, []byte(before+part+".SH SEE ALSO\n\\fBdigestd\\-config(5)\\fP, "+strings.TrimPrefix(after, ".PP\n")), 0o644)
}

// undated keeps the name of the generator and the day out of the pages.
func undated(c *cobra.Command) {
	c.DisableAutoGenTag = true
	for _, sub := range c.Commands() {
		undated(sub)
	}
}

// configPage makes a manual page of the reference of config.toml.
func configPage(path string, date time.Time) error {
	text, err := os.ReadFile("docs/configuration.md")
	if err != nil {
		return err
	}
	_, body, found := strings.Cut(string(text), "\n") // without its title
	if !found {
		return fmt.Errorf("docs/configuration.md is empty")
	}
	head := fmt.Sprintf("%% DIGESTD-CONFIG 5 \"%s\" digestd digestd\n\n# NAME\n\ndigestd-config - the configuration of digestd(1), /etc/digestd/config.toml\n\n# DESCRIPTION\n",
		date.Format("Jan 2006"))
	return os.WriteFile(path, md2man.Render([]byte(head+forTerminal(body))), 0o644)
}

var (
	relativeLink = regexp.MustCompile(`\[([^\]]+)\]\([^):]+\)`)
	cellBreak    = regexp.MustCompile(`[^\\]\|`)
)

// forTerminal makes of Markdown what reads well in a narrow terminal: tables become lists, and links to files
// beside the text become words.
func forTerminal(text string) string {
	var b strings.Builder
	for line := range strings.Lines(relativeLink.ReplaceAllString(text, "$1")) {
		if !strings.HasPrefix(line, "|") {
			b.WriteString(line)
			continue
		}
		var cells []string
		for row := strings.TrimSpace(line)[1:]; row != ""; {
			at := cellBreak.FindStringIndex(row)
			if at == nil {
				break
			}
			cells = append(cells, strings.TrimSpace(strings.ReplaceAll(row[:at[1]-1], `\|`, "|")))
			row = row[at[1]:]
		}
		switch {
		case len(cells) < 2, strings.HasPrefix(cells[0], "---"), cells[0] == "type", cells[0] == "key": // the head of a table
		case len(cells) == 2:
			fmt.Fprintf(&b, "%s\n:   %s\n\n", cells[0], cells[1])
		default:
			fmt.Fprintf(&b, "%s (%s)\n:   %s\n\n", cells[0], strings.Join(filled(cells[1:len(cells)-1]), ", default "), cells[len(cells)-1])
		}
	}
	return b.String()
}

// filled are the cells that say something.
func filled(cells []string) []string {
	return slices.DeleteFunc(slices.Clone(cells), func(c string) bool { return c == "" })
}

func completions(root *cobra.Command, dir string) error {
	if err := root.GenBashCompletionFileV2(filepath.Join(dir, "digestd.bash"), true); err != nil {
		return err
	}
	if err := root.GenZshCompletionFile(filepath.Join(dir, "_digestd")); err != nil {
		return err
	}
	return root.GenFishCompletionFile(filepath.Join(dir, "digestd.fish"), true)
}
