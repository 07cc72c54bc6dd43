package cli_test

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"digestd/internal/ledger/store/storetest"
)

func site(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: site NAME DIR FILES…")
	}
	server := httptest.NewServer(http.FileServer(http.Dir(ts.MkAbs(args[1]))))
	ts.Defer(server.Close)
	ts.Setenv(args[0], server.URL)
	for _, file := range args[2:] {
		if err := os.WriteFile(ts.MkAbs(file), []byte(strings.ReplaceAll(ts.ReadFile(file), args[0], server.URL)), 0o600); err != nil {
			ts.Fatalf("site: %v", err)
		}
	}
}

func database(t *testing.T, ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 1 {
		ts.Fatalf("usage: database NAME FILES…")
	}
	url := storetest.PostgreSQL(t).URL(t)
	ts.Setenv(args[0], url)
	for _, file := range args[1:] {
		if err := os.WriteFile(ts.MkAbs(file), []byte(strings.ReplaceAll(ts.ReadFile(file), args[0], url)), 0o600); err != nil {
			ts.Fatalf("database: %v", err)
		}
	}
}

func port(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: port NAME FILE")
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		ts.Fatalf("port: %v", err)
	}
	free := strconv.Itoa(listener.Addr().(*net.TCPAddr).Port)
	listener.Close()
	ts.Setenv(args[0], free)
	path := ts.MkAbs(args[1])
	if err := os.WriteFile(path, []byte(strings.ReplaceAll(ts.ReadFile(path), args[0], free)), 0o600); err != nil {
		ts.Fatalf("port: %v", err)
	}
}

func take(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: take NAME REGEXP")
	}
	re, err := regexp.Compile(args[1])
	if err != nil {
		ts.Fatalf("take: %v", err)
	}
	found := re.FindStringSubmatch(ts.ReadFile("stdout"))
	if len(found) != 2 {
		ts.Fatalf("take: stdout has no %s with one group", args[1])
	}
	ts.Setenv(args[0], found[1])
}

func asks(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 3 || len(args) > 4 {
		ts.Fatalf("usage: asks STATUS METHOD URL [FORM]")
	}
	client := http.Client{Timeout: time.Minute, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(20 * time.Millisecond) {
		request, err := http.NewRequest(args[1], args[2], strings.NewReader(strings.Join(args[3:], "")))
		if err != nil {
			ts.Fatalf("asks: %v", err)
		}
		if len(args) == 4 {
			request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		}
		answer, err := client.Do(request)
		if errors.Is(err, syscall.ECONNREFUSED) && time.Now().Before(deadline) {
			continue // the daemon is about to listen
		}
		if err != nil {
			ts.Fatalf("asks: %v", err)
		}
		body, err := io.ReadAll(answer.Body)
		answer.Body.Close()
		if err != nil {
			ts.Fatalf("asks: %v", err)
		}
		fmt.Fprint(ts.Stdout(), string(body))
		if got := strconv.Itoa(answer.StatusCode); got != args[0] {
			ts.Fatalf("%s %s: status %s, want %s", args[1], args[2], got, args[0])
		}
		return
	}
}
