// Digestd collects news from feeds and mails it, as digests, to those who asked for them.
package main

import (
	"os"
	_ "time/tzdata" // lanes need every zone, wherever the program runs

	"digestd/internal/cli"
)

func main() {
	os.Exit(cli.Main(os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}
