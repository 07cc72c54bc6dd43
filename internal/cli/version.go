package cli

import (
	"fmt"
	"io"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"
)

// version and commit are set by the package build (-ldflags "-X digestd/internal/cli.version=…"). Elsewhere the
// commit is what Go recorded.
var (
	version = "0.1.0-dev"
	commit  = "unknown"
)

// build is what the program knows of itself.
type build struct {
	Version  string `json:"version"`
	Commit   string `json:"commit,omitempty"`
	Modified bool   `json:"modified,omitempty"` // built from a tree that differs from the commit
	Go       string `json:"go"`
}

func buildInfo() build {
	b := build{Version: version, Go: runtime.Version()}
	if commit != "unknown" {
		b.Commit = commit
		return b
	}
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, s := range info.Settings {
			switch s.Key {
			case "vcs.revision":
				b.Commit = s.Value
			case "vcs.modified":
				b.Modified = s.Value == "true"
			}
		}
	}
	return b
}

func (b build) String() string {
	if b.Commit == "" {
		return b.Version + " " + b.Go
	}
	return fmt.Sprintf("%s (%.12s) %s", b.Version, b.Commit, b.Go)
}

func versionCommand(p *program) *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Print the version",
		Args:  cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			b := buildInfo()
			return p.print(b, func(w io.Writer) { fmt.Fprintf(w, "digestd %s\n", b) })
		},
	}
}

// Commands are all commands, for those who write manuals of them.
func Commands() *cobra.Command { return (&program{}).root() }
