package cli

import (
	"bufio"
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"digestd/digest/collect/opml"
	"digestd/internal/regular"
	"digestd/internal/setup"
	"digestd/internal/spelling"
)

func initCommand(p *program) *cobra.Command {
	n := newcomer{p: p}
	c := &cobra.Command{
		Use:   "init",
		Short: "Ask a few questions and write a first config.toml",
		Long: "Ask what the newsletter is called, whom it is from, who sends the mail, which feeds it reads, who gets it and when, and\n" +
			"write a commented config.toml that says so: in this directory, or as --config names it. What a flag says is not asked.\n" +
			"Without a terminal nothing is asked: then --from must be there, and the rest has defaults. A file that is there stays\n" +
			"as it is. Nothing is sent, and no network is needed.\n\nProviders whose host and port are known:\n" + folded(providerNames(), 115) + ".",
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return n.run() },
	}
	c.Flags().StringVar(&n.name, "name", "", "the newsletter's `NAME`")
	c.Flags().StringVar(&n.from, "from", "", "whom the mail is from: an `ADDRESS` of yours, or \"Name <address>\"")
	c.Flags().StringVar(&n.provider, "provider", "",
		"who sends the mail: a `PROVIDER` by name, HOST or HOST:PORT, \"local\" (this machine's server), \"none\" (mails go into ./outbox)")
	c.Flags().StringVar(&n.answers.User, "user", "", "whom to log in as at the provider (`USER`; default: theirs, or the address of --from)")
	c.Flags().StringVar(&n.answers.PasswordFile, "password-file", "", "`FILE` with the password (default: smtp-password beside the configuration)")
	c.Flags().StringArrayVar(&n.feeds, "feeds", nil, "addresses of `FEEDS`, or OPML files")
	c.Flags().StringArrayVar(&n.readers, "readers", nil, "addresses of `READERS`, or a CSV file of them (default: the address of --from)")
	c.Flags().StringVar(&n.answers.Hour, "hour", "", "the `TIME` of day at which it is sent (default: 07:00)")
	c.Flags().StringVar(&n.answers.Zone, "timezone", "", "the `ZONE` of readers, such as Europe/Paris (default: this machine's)")
	return c
}

func providerNames() []string {
	var names []string
	for _, p := range setup.Providers() {
		names = append(names, p.Name)
	}
	return names
}

// folded joins words by commas, in lines of at most width bytes.
func folded(words []string, width int) string {
	var b strings.Builder
	line := 0
	for i, w := range words {
		if i > 0 {
			b.WriteByte(',')
			if line++; line+len(w) >= width {
				line = 0
				b.WriteByte('\n')
			} else {
				b.WriteByte(' ')
				line++
			}
		}
		b.WriteString(w)
		line += len(w)
	}
	return b.String()
}

// newcomer is what somebody answered, by flags or when they were asked.
type newcomer struct {
	p              *program
	name, from     string
	provider       string
	feeds, readers []string

	answers  setup.Answers
	address  string // of from
	dir      string // of the configuration, absolute
	password string // as it was typed; empty: it stands in a file, or will
}

// question is one that init asks.
type question struct {
	words string
	flag  string // that answers it
	given string // by the flag
	usual string
	take  func(string) error // what is wrong with an answer is said, and it is asked again
}

func (n *newcomer) run() error {
	path := n.p.configFlag
	if path == "" {
		path = "config.toml"
	}
	absolute, err := filepath.Abs(path)
	if err != nil {
		return err
	}
	n.dir = filepath.Dir(absolute)
	if _, err := os.Lstat(path); err == nil {
		return usagef("%s is there already, and init writes over no file: change it, or name another with --config FILE", path)
	}
	if err := n.ask(path); err != nil {
		return err
	}
	if err := n.write(path); err != nil {
		return err
	}
	return n.p.print(map[string]any{"config": absolute, "next": n.next(path)}, func(w io.Writer) {
		fmt.Fprintf(w, "%s is written: %s, %s, every day at %s (%s). What comes next:\n\n", path,
			plural(len(n.answers.Feeds.Feeds), "feed"), n.whoGetsIt(), n.answers.Hour, n.answers.Zone)
		for _, step := range n.next(path) {
			fmt.Fprintf(w, "  %s\n", step)
		}
	})
}

// questions are those to which flags are answers as well; who logs in at a provider is asked after it.
func (n *newcomer) questions() []question {
	return []question{
		{"What is the newsletter called?", "name", n.name, "Morning Wire", n.takeName},
		{"Whom is the mail from? An address of yours that your provider lets you send from.", "from", n.from, "", n.takeFrom},
		{"Who sends the mail? By name:\n" + folded(providerNames(), 78) + ";\nHOST or HOST:PORT of another; local, the mail server of this machine; none, to look at the mails in ./outbox.",
			"provider", n.provider, "none", n.takeProvider},
		{"Which feeds? Their addresses, or an OPML file; without any, six with news of the world.", "feeds",
			strings.Join(n.feeds, " "), someFeeds, n.takeFeeds},
		{"Who gets it? Addresses, or a CSV file.", "readers", strings.Join(n.readers, " "), "", n.takeReaders},
		{"When, every day?", "hour", n.answers.Hour, "07:00", n.takeHour},
	}
}

// ask takes what flags say, and asks for the rest at a terminal.
func (n *newcomer) ask(path string) error {
	n.answers.Zone = localZone(n.answers.Zone)
	stdin, isFile := n.p.stdin.(*os.File)
	asks := isFile && term.IsTerminal(int(stdin.Fd())) && !n.p.json
	var missing []error
	if _, err := time.LoadLocation(n.answers.Zone); err != nil {
		missing = append(missing, fmt.Errorf("--timezone %s is no zone such as Europe/Paris", n.answers.Zone))
	}
	lines := bufio.NewReader(n.p.stdin)
	for i := range n.questions() {
		q := n.questions()[i] // the answers before it make its defaults
		if q.flag == "readers" {
			q.usual = n.address
		}
		switch {
		case q.given != "":
			if err := q.take(q.given); err != nil {
				missing = append(missing, fmt.Errorf("--%s: %w", q.flag, err))
			}
		case asks:
			taken := q.take
			q.take = func(s string) error {
				if err := taken(s); err != nil {
					return err
				}
				return n.try(path)
			}
			if err := put(n.p.stdout, lines, q); err != nil {
				return err
			}
		case q.flag == "readers" && n.address == "": // which is what is missing
		case q.usual == "":
			missing = append(missing, fmt.Errorf("--%s is missing, and there is no terminal to ask at: %s", q.flag, q.words))
		default:
			if err := q.take(q.usual); err != nil {
				missing = append(missing, err)
			}
		}
		if q.flag == "provider" && len(missing) == 0 {
			if err := n.login(asks, stdin, lines); err != nil {
				missing = append(missing, err)
			}
		}
	}
	if len(missing) > 0 {
		return usageError{errors.Join(missing...)}
	}
	return nil
}

// put asks a question until there is an answer to it.
func put(w io.Writer, lines *bufio.Reader, q question) error {
	fmt.Fprintf(w, "\n%s\n", q.words)
	for {
		if q.usual != "" {
			fmt.Fprintf(w, "[%s] ", q.usual)
		}
		fmt.Fprint(w, "> ")
		answer, err := lines.ReadString('\n')
		if err != nil {
			return usagef("the answers ended, and nothing is written")
		}
		if answer = strings.TrimSpace(answer); answer == "" {
			answer = q.usual
		}
		if answer == "" {
			fmt.Fprintln(w, "it needs an answer; Ctrl-C ends this, and nothing is written")
		} else if err := q.take(answer); err == nil {
			return nil
		} else {
			fmt.Fprintf(w, "%v\n", err)
		}
	}
}

func (n *newcomer) takeName(s string) error { n.answers.Name = s; return nil }

func (n *newcomer) takeFrom(s string) (err error) {
	n.answers.From = s
	n.address, err = setup.From(s)
	return err
}

func (n *newcomer) takeProvider(s string) error {
	known, ok := setup.FindProvider(s)
	switch {
	case ok:
		n.answers.Provider = known
	case s == "none":
		n.answers.Provider = setup.Provider{}
	case s == "local":
		n.answers.Provider = setup.OnThisMachine()
	default:
		if n.answers.Provider, ok = setup.ProviderAt(s); !ok {
			return fmt.Errorf("%q is nobody that is known, and no host such as smtp.example.org:465%s", s, spelling.Hint(s, providerNames()))
		}
	}
	return nil
}

// login takes whom to log in as, and the password.
func (n *newcomer) login(asks bool, stdin *os.File, lines *bufio.Reader) error {
	p, a := n.answers.Provider, &n.answers
	if p.Host == "" || p == setup.OnThisMachine() {
		return nil
	}
	if p.Note != "" && asks {
		fmt.Fprintf(n.p.stdout, "%s: %s.\n", p.Name, p.Note)
	}
	if a.User == "" && p.User != setup.UserUnknown {
		a.User = p.User
	}
	if a.User == "" && asks {
		user := question{words: "As whom to log in there?", take: func(s string) error { a.User = s; return nil }}
		if p.User == "" {
			user.usual = n.address
		}
		if err := put(n.p.stdout, lines, user); err != nil {
			return err
		}
	}
	if a.User == "" && p.User == "" {
		a.User = n.address
	}
	if a.User == "" {
		return fmt.Errorf("--user is missing: whom to log in as at %s", p.Host)
	}
	if a.PasswordFile == "" {
		a.PasswordFile = filepath.Join(n.dir, "smtp-password")
	}
	a.PasswordFile = n.named(a.PasswordFile)
	if _, err := os.Stat(n.at(a.PasswordFile)); asks && errors.Is(err, fs.ErrNotExist) {
		fmt.Fprintf(n.p.stdout, "\nThe password of %s there? It is not shown, and goes into %s. (Empty: later.)\n> ", a.User, a.PasswordFile)
		typed, err := term.ReadPassword(int(stdin.Fd()))
		fmt.Fprintln(n.p.stdout)
		if err != nil {
			return err
		}
		n.password = string(typed)
	}
	return nil
}

// someFeeds is the answer of those who have no feeds at hand.
const someFeeds = "six with news of the world"

func (n *newcomer) takeFeeds(s string) error {
	if s == someFeeds {
		n.answers.Feeds = setup.Sample()
		return nil
	}
	list := opml.List{}
	for _, word := range strings.Fields(s) {
		if raw, err := regular.Read(word, maxListFile); err == nil {
			read, err := opml.Read(raw)
			if err != nil {
				return fmt.Errorf("%s: %w", word, err)
			}
			list.Feeds = append(list.Feeds, read.Feeds...)
			continue
		}
		if !strings.Contains(word, "://") {
			word = "https://" + word
		}
		if at, err := url.Parse(word); err != nil || !strings.Contains(at.Host, ".") && at.Hostname() != "localhost" && at.Scheme != "file" {
			return fmt.Errorf("%s is neither an address nor a file that can be read", word)
		}
		list.Feeds = append(list.Feeds, opml.Feed{URL: word, Topic: "News"})
	}
	n.answers.Feeds = list
	return nil
}

func (n *newcomer) takeReaders(s string) (err error) {
	n.answers.ReaderFile, n.answers.Readers = "", nil
	if _, err := os.Stat(s); err == nil {
		n.answers.ReaderFile = n.named(s)
		return nil
	}
	n.answers.Readers, err = setup.Readers(s)
	return err
}

func (n *newcomer) takeHour(s string) error {
	n.answers.Hour = s
	_, err := setup.Schedule(s)
	return err
}

// named is a file as the configuration is to name it: beside it or below, by the way from there.
func (n *newcomer) named(path string) string {
	absolute, err := filepath.Abs(path)
	if err != nil {
		return path
	}
	if rel, err := filepath.Rel(n.dir, absolute); err == nil && filepath.IsLocal(rel) {
		return rel
	}
	return absolute
}

// at is where a file is that the configuration names.
func (n *newcomer) at(name string) string {
	if filepath.IsAbs(name) {
		return name
	}
	return filepath.Join(n.dir, name)
}

// localZone is the zone of this machine by its name, as TZ or /etc/localtime has it.
func localZone(given string) string {
	if given != "" {
		return given
	}
	if zone := strings.TrimPrefix(os.Getenv("TZ"), ":"); strings.Contains(zone, "/") && !filepath.IsAbs(zone) {
		return zone
	}
	if link, err := filepath.EvalSymlinks("/etc/localtime"); err == nil {
		if _, zone, ok := strings.Cut(link, "zoneinfo/"); ok && strings.Contains(zone, "/") && !strings.HasPrefix(zone, "Etc/") {
			return zone
		}
	}
	return "UTC"
}

// try tells what is wrong with the configuration that the answers so far make, with the usual ones for the rest.
func (n *newcomer) try(path string) error {
	a := n.answers
	if a.From == "" {
		return nil
	}
	a.Hour = cmp.Or(a.Hour, "07:00")
	if len(a.Feeds.Feeds) == 0 {
		a.Feeds = setup.Sample()
	}
	if a.ReaderFile == "" && len(a.Readers) == 0 {
		a.Readers = []string{n.address}
	}
	wrong, err := n.read(a, path)
	if err != nil || wrong == "" {
		return err
	}
	lines := strings.Split(wrong, "\n")
	if more := len(lines) - shownWrong; more > 0 {
		lines = append(lines[:shownWrong], fmt.Sprintf("and %d more", more))
	}
	return errors.New(strings.Join(lines, "\n"))
}

// read reads the configuration that answers make as the program will read it: it leaves nothing behind, and tells what is
// wrong.
func (n *newcomer) read(a setup.Answers, path string) (wrong string, err error) {
	trial, err := os.CreateTemp(n.dir, ".digestd-init-*.toml")
	if err != nil {
		return "", usageError{err}
	}
	defer os.Remove(trial.Name())
	if a.PasswordFile != "" && a.User != "" { // which may come later
		secret, err := os.CreateTemp("", "digestd-init-")
		if err != nil {
			return "", err
		}
		defer os.Remove(secret.Name())
		secret.WriteString("later")
		secret.Close()
		a.PasswordFile = secret.Name()
	}
	text, err := a.TOML()
	if err == nil {
		_, err = trial.Write(text)
	}
	if err = errors.Join(err, trial.Close()); err != nil {
		return "", err
	}
	if _, _, err := n.p.loadFrom(trial.Name()); err != nil {
		return strings.ReplaceAll(err.Error(), trial.Name(), path), nil
	}
	return "", nil
}

// write makes the configuration, once it has been read, and the file of the password.
func (n *newcomer) write(path string) error {
	wrong, err := n.read(n.answers, path)
	if err != nil {
		return err
	}
	if wrong != "" {
		return usagef("these answers make no configuration, and nothing is written:\n%s", wrong)
	}
	text, err := n.answers.TOML()
	if err != nil {
		return err
	}
	if n.password != "" {
		if err := writeNew(n.at(n.answers.PasswordFile), []byte(n.password+"\n"), 0o600); err != nil {
			return err
		}
	}
	return writeNew(path, text, 0o640)
}

// writeNew writes a file that must not be there yet, the whole of it or none.
func writeNew(path string, text []byte, mode fs.FileMode) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
	if err != nil {
		return err
	}
	_, err = f.Write(text)
	if err = errors.Join(err, f.Close()); err != nil {
		os.Remove(path)
	}
	return err
}

func (n *newcomer) whoGetsIt() string {
	if n.answers.ReaderFile != "" {
		return "the readers of " + n.answers.ReaderFile
	}
	return plural(len(n.answers.Readers), "reader")
}

// next are the steps from here to a first edition.
func (n *newcomer) next(path string) []string {
	digestd := "digestd "
	if n.p.configFlag != "" {
		digestd = "digestd --config " + path + " "
	}
	var steps []string
	a := n.answers
	if a.User != "" {
		if _, err := os.Stat(n.at(a.PasswordFile)); err != nil {
			file := near(n.at(a.PasswordFile))
			steps = append(steps, fmt.Sprintf("(umask 077; cat > %s)   # type the password of %s, Enter, Ctrl-D", file, a.User))
		}
	}
	to := n.address
	if len(a.Readers) > 0 {
		to = a.Readers[0]
	}
	steps = append(steps,
		digestd+"check --online   # asks each feed and the mail server; mails nothing",
		digestd+"preview --format text   # the mail; --serve shows it as a page",
		digestd+"send --to "+to+"   # a test copy")
	if a.Provider.Host == "" {
		steps = slices.Delete(steps, len(steps)-1, len(steps))
	}
	return append(steps, digestd+"send   # the first edition", digestd+"run   # and every day by itself")
}
