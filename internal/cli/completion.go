package cli

import (
	"github.com/spf13/cobra"
)

// completeValues lets shells complete what a command takes: names of digests where it takes one, and the words of
// flags that take some.
func completeValues(p *program, c *cobra.Command) {
	switch c.Name() {
	case "send", "preview", "replay", "editions", "pause", "resume", "desk":
		c.ValidArgsFunction = func(
			_ *cobra.Command, args []string, _ string,
		) ([]cobra.Completion, cobra.ShellCompDirective) {
			if len(args) > 0 {
				return nil, cobra.ShellCompDirectiveNoFileComp
			}
			return digestNames(p), cobra.ShellCompDirectiveNoFileComp
		}
	}
	values := map[string]func() []cobra.Completion{
		"digest": func() []cobra.Completion { return digestNames(p) },
		"format": func() []cobra.Completion { return []cobra.Completion{"html", "text", "eml", "json"} },
		"type":   func() []cobra.Completion { return []cobra.Completion{"rsa", "ed25519"} },
	}
	for name, words := range values {
		if c.Flags().Lookup(name) == nil {
			continue
		}
		complete := func(*cobra.Command, []string, string) ([]cobra.Completion, cobra.ShellCompDirective) {
			return words(), cobra.ShellCompDirectiveNoFileComp
		}
		err := c.RegisterFlagCompletionFunc(name, complete)
		if err != nil { // only for a flag that there is not, or twice
			panic(err)
		}
	}
	for _, sub := range c.Commands() {
		completeValues(p, sub)
	}
}

// digestNames are the digests of the configuration; none where it can't be read, since a shell has no place for errors.
func digestNames(p *program) []cobra.Completion {
	cfg, _, err := p.load()
	if err != nil {
		return nil
	}
	var names []cobra.Completion
	for _, d := range cfg.Digests {
		names = append(names, d.ID)
	}
	return names
}
