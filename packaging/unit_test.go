// Package packaging_test holds what is packaged against the tools that will read it.
package packaging_test

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"digestd/internal/needs"
)

func unit(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("digestd.service")
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// settings are the values of a key of the unit, in order.
func settings(text, key string) []string {
	var values []string
	for line := range strings.Lines(text) {
		if name, value, ok := strings.Cut(strings.TrimSpace(line), "="); ok && name == key {
			values = append(values, value)
		}
	}
	return values
}

// systemd reads a key that it does not know with a word on stderr and exit status 0, so both must be silent.
func TestSystemdReadsTheUnitInSilence(t *testing.T) {
	analyze := needs.Program(t, "systemd", "systemd-analyze")
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	// verify wants the programs to be there; any will do.
	text := strings.ReplaceAll(unit(t), "=/usr/bin/digestd ", "="+self+" ")
	verify := func(text string) (string, error) {
		path := filepath.Join(t.TempDir(), "digestd.service")
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		output, err := exec.Command(analyze, "verify", "--man=no", path).CombinedOutput()
		return string(output), err
	}
	if output, err := verify(text); err != nil || output != "" {
		t.Errorf("systemd-analyze verify: %v\n%s", err, output)
	}
	if output, err := verify(text + "\n[Service]\nNoSuchKey=yes\n"); err == nil && output == "" {
		t.Error("systemd-analyze verify has nothing to say of a key that does not exist: the check above means nothing")
	}
}

func TestExposureIsLow(t *testing.T) {
	analyze := needs.Program(t, "systemd", "systemd-analyze")
	output, err := exec.Command(analyze, "security", "--offline=yes", "--threshold=12", "./digestd.service").CombinedOutput()
	if err != nil {
		t.Errorf("the exposure is above 1.2: %v\n%s", err, output)
	}
}

func TestSysusersMakesTheUnitsUser(t *testing.T) {
	sysusers := needs.Program(t, "systemd", "systemd-sysusers")
	root := t.TempDir()
	if err := os.Mkdir(filepath.Join(root, "etc"), 0o755); err != nil {
		t.Fatal(err)
	}
	file, err := filepath.Abs("sysusers.d/digestd.conf")
	if err != nil {
		t.Fatal(err)
	}
	if output, err := exec.Command(sysusers, "--root="+root, file).CombinedOutput(); err != nil {
		t.Fatalf("systemd-sysusers: %v\n%s", err, output)
	}
	passwd, err := os.ReadFile(filepath.Join(root, "etc", "passwd"))
	if err != nil {
		t.Fatal(err)
	}
	user := settings(unit(t), "User")
	if len(user) != 1 || !bytes.Contains(passwd, []byte("\n"+user[0]+":")) && !bytes.HasPrefix(passwd, []byte(user[0]+":")) {
		t.Errorf("the unit runs as %q, and sysusers made\n%s", user, passwd)
	}
	if !regexp.MustCompile(`(?m)^digestd:.*:/var/lib/digestd:/usr/sbin/nologin$`).Match(passwd) {
		t.Errorf("no user without a shell at home in the state directory:\n%s", passwd)
	}
}

// What others rely on: a message in flight is waited for, and a bad config does not restart.
func TestUnitKeepsWhatIsPromised(t *testing.T) {
	text := unit(t)
	want := map[string]string{
		"Type":                     "notify",
		"ExecStart":                "/usr/bin/digestd --config /etc/digestd/config.toml run",
		"ExecReload":               "/usr/bin/digestd --config /etc/digestd/config.toml reload",
		"Restart":                  "on-failure",
		"RestartPreventExitStatus": "78",
		"StateDirectory":           "digestd",
		"RuntimeDirectory":         "digestd",
		"User":                     "digestd",
	}
	for key, value := range want {
		if got := settings(text, key); len(got) != 1 || got[0] != value {
			t.Errorf("%s= is %q, want %q", key, got, value)
		}
	}
	for key, least := range map[string]time.Duration{"TimeoutStopSec": 11 * time.Minute, "WatchdogSec": 2 * time.Minute} {
		got := settings(text, key)
		if len(got) != 1 {
			t.Errorf("%s= is %q", key, got)
			continue
		}
		if d, err := time.ParseDuration(strings.TrimSuffix(got[0], "in")); err != nil || d < least {
			t.Errorf("%s=%s, want %v at least (%v)", key, got[0], least, err)
		}
	}
	for _, name := range []string{"smtp-password", "dkim-key", "ledger-password", "vectors-key"} {
		if !strings.Contains(text, "#   LoadCredential="+name+":") {
			t.Errorf("the unit does not show how to load the credential %s", name)
		}
	}
}

// A line without its reason is one that nobody dares to change.
func TestEachHardeningLineHasItsReason(t *testing.T) {
	_, hardening, found := strings.Cut(unit(t), "# --- What the service may not do.")
	if !found {
		t.Fatal("the unit has no part on what it may not do")
	}
	hardening, _, _ = strings.Cut(hardening, "[Install]")
	paragraphs := regexp.MustCompile(`(?m)(^#.*\n)+([A-Z]\w+=.*\n)+`).FindAllString("#"+hardening, -1)
	explained := 0
	for _, p := range paragraphs {
		explained += len(regexp.MustCompile(`(?m)^[A-Z]\w+=`).FindAllString(p, -1))
	}
	if all := len(regexp.MustCompile(`(?m)^[A-Z]\w+=`).FindAllString(hardening, -1)); explained != all || all < 20 {
		t.Errorf("%d of %d hardening lines stand below a reason", explained, all)
	}
}
