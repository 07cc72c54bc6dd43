package cli

import (
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"digestd/digest/render"
	"digestd/templates"
)

func templatesCommand(p *program) *cobra.Command {
	c := &cobra.Command{Use: "templates", Short: "Write out the built-in templates"}
	c.AddCommand(&cobra.Command{
		Use:   "export DIR",
		Short: "Write what a directory of one's own may replace",
		Long: "Write the built-in templates and catalogues of words into DIR, which is made where it is missing. `template =\n" +
			"\"DIR\"` in [digests.NAME] then takes them from there. What is left out of DIR, or deleted from it, stays built\n" +
			"in and goes on with the program; keep only what you change. A file that is there already is not touched.",
		Args: cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			written, err := exportTemplates(args[0])
			if err != nil {
				return usageError{err}
			}
			return p.print(map[string]any{"files": written}, func(w io.Writer) {
				for _, name := range written {
					fmt.Fprintln(w, name)
				}
			})
		},
	})
	return c
}

// exportTemplates writes all of the files, or none where one of them is there.
func exportTemplates(dir string) (written []string, err error) {
	names, err := render.Replaceable(templates.FS)
	if err != nil {
		return nil, err
	}
	for _, name := range names {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if _, err := os.Lstat(path); err == nil {
			return nil, fmt.Errorf("%s is there already; choose another directory, or move it away", path)
		}
		written = append(written, path)
	}
	for i, name := range names {
		text, err := templates.FS.ReadFile(name)
		if err == nil {
			err = os.MkdirAll(filepath.Dir(written[i]), 0o755)
		}
		if err == nil {
			err = os.WriteFile(written[i], text, 0o644)
		}
		if err != nil {
			return nil, fmt.Errorf("write the templates: %w", err)
		}
	}
	return written, nil
}
