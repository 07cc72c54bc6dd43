package cli_test

import (
	"errors"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"digestd/internal/cli"
	"digestd/internal/golden"
	"digestd/internal/ledger/store/storetest"
)

// TestMain makes this test binary stand for the program: scripts that run digestd run the commands as
// they are, in a process of their own.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"digestd": func() { os.Exit(cli.Main(os.Args[1:], os.Stdin, os.Stdout, os.Stderr)) },
	})
}

// noRaceSleep is the value of GORACE without which each process would sleep for a second at its end, with -race.
const noRaceSleep = "atexit_sleep_ms=0"

// digestd is a command of the program in a directory, in an environment that is that directory's.
func digestd(dir string, args ...string) *exec.Cmd {
	c := exec.Command("digestd", args...) // TestMain put it into PATH
	c.Dir, c.Env = dir, []string{"HOME=" + dir, "PATH=" + os.Getenv("PATH"), "GORACE=" + noRaceSleep}
	return c
}

// TestScripts runs the transcripts of testdata/script. Beside testscript's own commands they have
//
//	exits STATUS COMMAND…    runs a command that must exit with that very status
//	await FILE [WORDS]       waits until another process has written these words, or anything, into a file, or listens on a socket
//	port NAME FILE           puts a free port of loopback into $NAME, and in the place of NAME in a file
//	take NAME REGEXP         puts what the group of an expression matches in stdout into $NAME
//	site NAME DIR FILES…     serves a directory on loopback, and puts its address into $NAME and in the place of NAME in files
//	asks STATUS METHOD URL [FORM]   makes a request that must get that very status; stdout is the answer
//	database NAME FILES…     puts the URL of an empty database into $NAME and in the place of NAME in files
//
// and the condition [postgres], which is whether tests with PostgreSQL are asked for.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		UpdateScripts:       golden.Updating(),
		RequireExplicitExec: true,
		Setup:               func(env *testscript.Env) error { env.Setenv("GORACE", noRaceSleep); return nil },
		Condition: func(name string) (bool, error) {
			if name != "postgres" {
				return false, errors.New("there is no such condition")
			}
			return storetest.Wanted(), nil
		},
		Cmds: map[string]func(ts *testscript.TestScript, neg bool, args []string){
			"exits":      exits,
			"await":      await,
			"port":       port,
			"site":       site,
			"take":       take,
			"asks":       asks,
			"mailserver": func(ts *testscript.TestScript, neg bool, args []string) { mailserver(t, ts, neg, args) },
			"database":   func(ts *testscript.TestScript, neg bool, args []string) { database(t, ts, neg, args) },
		},
	})
}

func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits STATUS COMMAND ARGS…")
	}
	want, err := strconv.Atoi(args[0])
	if err != nil {
		ts.Fatalf("exits: %v", err)
	}
	got := 0
	err = ts.Exec(args[1], args[2:]...)
	var failed *exec.ExitError
	switch {
	case errors.As(err, &failed):
		got = failed.ExitCode()
	case err != nil:
		ts.Fatalf("%v", err)
	}
	if got != want {
		ts.Fatalf("%v: exit %d, want %d", args[1:], got, want)
	}
}

func await(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 1 || len(args) > 2 {
		ts.Fatalf("usage: await FILE [WORDS]")
	}
	there := func() bool {
		path := ts.MkAbs(args[0])
		if len(args) == 2 {
			text, err := os.ReadFile(path)
			return err == nil && strings.Contains(string(text), args[1])
		}
		info, err := os.Stat(path)
		return err == nil && (info.Size() > 0 || info.Mode()&os.ModeSocket != 0)
	}
	const patience = time.Minute
	for deadline := time.Now().Add(patience); ; time.Sleep(20 * time.Millisecond) {
		if there() {
			return
		}
		if time.Now().After(deadline) {
			ts.Fatalf("%q is not there after %v", args, patience)
		}
	}
}
