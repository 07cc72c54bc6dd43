//go:build linux

package e2e

import (
	"bytes"
	"fmt"
	"net"
	"net/mail"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"digestd/internal/needs"
)

// patience bounds every wait for a server; nothing is measured by it.
const patience = 60 * time.Second

// Rig is a mail host of a test's own: a Postfix that takes mail from whoever logs in, and a Dovecot
// that knows the password and gives the mailboxes out.
type Rig struct {
	SubmissionPort int    // STARTTLS before AUTH
	SMTPSPort      int    // implicit TLS
	StrictPort     int    // as SubmissionPort, for who owns the sender, has a full name, and sends 20 KB at most
	IMAPAddr       string // implicit TLS
	CAFile         string // PEM of the authority that signed the certificate of 127.0.0.1
	Username       string
	Password       string

	dir string
}

// Debian's places. Both lie outside PATH for a user who became root by su.
const (
	postfixMaster = "/usr/lib/postfix/sbin/master"
	dovecotBinary = "/usr/sbin/dovecot"
)

// Start brings up both servers with mailboxes for reader01@example.org and so on, as many as users
// says, and takes them down when the test ends.
func Start(t *testing.T, users int) *Rig {
	t.Helper()
	needs.Program(t, "postfix", postfixMaster)
	needs.Program(t, "dovecot-imapd", dovecotBinary)
	if os.Geteuid() != 0 {
		t.Fatal("Postfix and Dovecot are started by root only: run this test as root")
	}
	if version, err := exec.Command(dovecotBinary, "--version").Output(); err != nil || !bytes.HasPrefix(version, []byte("2.3.")) {
		t.Fatalf("Dovecot 2.3 is needed, since the configuration of other versions differs: %s, %v", version, err)
	}

	// Not t.TempDir: the servers' users must be able to pass through, and a Unix socket's path is short.
	dir, err := os.MkdirTemp("", "digestd-e2e-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	rig := &Rig{
		SubmissionPort: freePort(t), SMTPSPort: freePort(t), StrictPort: freePort(t), IMAPAddr: "127.0.0.1:" + strconv.Itoa(freePort(t)),
		CAFile: filepath.Join(dir, "ca.pem"), Username: "digest@example.org", Password: "correct-horse", dir: dir,
	}
	writeCertificates(t, dir)
	rig.startDovecot(t)
	rig.startPostfix(t, users)
	return rig
}

// Reader is the address of the nth mailbox, from 1.
func Reader(n int) string { return fmt.Sprintf("reader%02d@example.org", n) }

// freePort is a TCP port that was free a moment ago: neither server can be told to choose one.
func freePort(t *testing.T) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}

// write puts a configuration file into the rig's directory, readable by all.
func (r *Rig) write(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(r.dir, name)
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

// mkdir makes a directory for a user of the system: "" is root.
func (r *Rig) mkdir(t *testing.T, name string, mode os.FileMode, owner, group string) string {
	t.Helper()
	path := filepath.Join(r.dir, name)
	if err := os.Mkdir(path, 0o755); err != nil {
		t.Fatal(err)
	}
	uid, gid := 0, 0
	if owner != "" {
		u, err := user.Lookup(owner)
		if err != nil {
			t.Fatal(err)
		}
		uid, _ = strconv.Atoi(u.Uid)
	}
	if group != "" {
		g, err := user.LookupGroup(group)
		if err != nil {
			t.Fatal(err)
		}
		gid, _ = strconv.Atoi(g.Gid)
	}
	if err := os.Chown(path, uid, gid); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, mode); err != nil { // not bounded by the umask
		t.Fatal(err)
	}
	return path
}

// start runs a server in the foreground, waits until it accepts connections on each address, and
// stops it when the test ends. Its log is shown when the test fails.
func (r *Rig) start(t *testing.T, log string, command *exec.Cmd, addrs ...string) {
	t.Helper()
	var output bytes.Buffer
	command.Stdout, command.Stderr = &output, &output
	command.Dir = r.dir
	// A test that is killed must leave no server behind.
	command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGTERM}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		command.Wait()
		close(ended)
	}()
	t.Cleanup(func() {
		syscall.Kill(command.Process.Pid, syscall.SIGTERM)
		select {
		case <-ended:
		case <-time.After(patience):
			syscall.Kill(-command.Process.Pid, syscall.SIGKILL)
			<-ended
		}
		if t.Failed() {
			lines, _ := os.ReadFile(log)
			t.Logf("%s said:\n%s%s", command.Path, tail(output.Bytes()), tail(lines))
		}
	})
	for _, addr := range addrs {
		await(t, command.Path+" to listen on "+addr, func() bool {
			select {
			case <-ended:
				t.Fatalf("%s ended before it listened on %s", command.Path, addr)
			default:
			}
			conn, err := net.Dial("tcp", addr)
			if err == nil {
				conn.Close()
			}
			return err == nil
		})
	}
}

// tail is the end of a log, as much of it as helps.
func tail(log []byte) []byte {
	const most = 8 << 10
	return log[max(0, len(log)-most):]
}

// await asks again and again, until a condition in another process holds.
func await(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for deadline := time.Now().Add(patience); !holds(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("waited %v for %s in vain", patience, what)
		}
	}
}

func (r *Rig) startDovecot(t *testing.T) {
	t.Helper()
	r.mkdir(t, "mail", 0o755, "nobody", "nogroup")
	r.mkdir(t, "dovecot", 0o755, "", "")
	r.mkdir(t, "dovecot/state", 0o755, "", "")
	host, port, _ := net.SplitHostPort(r.IMAPAddr)
	log := filepath.Join(r.dir, "dovecot.log")
	conf := r.write(t, "dovecot.conf", strings.NewReplacer(
		"DIR", r.dir, "HOST", host, "PORT", port, "PASSWORD", r.Password, "LOG", log,
	).Replace(`
base_dir = DIR/dovecot/run
state_dir = DIR/dovecot/state
log_path = LOG
protocols = imap
listen = HOST
ssl = required
ssl_cert = <DIR/server.pem
ssl_key = <DIR/server.key
auth_mechanisms = plain login
auth_failure_delay = 0
# one password for every reader, and for the one who submits
passdb {
  driver = static
  args = password=PASSWORD
}
userdb {
  driver = static
  args = uid=nobody gid=nogroup home=DIR/mail/%n
}
first_valid_uid = 1
first_valid_gid = 1
mail_location = maildir:DIR/mail/%n
service imap-login {
  inet_listener imap {
    port = 0
  }
  inet_listener imaps {
    port = PORT
    ssl = yes
  }
}
# nobody is made to wait for having been wrong before
service anvil {
  unix_listener anvil-auth-penalty {
    mode = 0
  }
}
service auth {
  unix_listener DIR/sasl {
    mode = 0666
  }
}
`))
	r.start(t, log, exec.Command(dovecotBinary, "-F", "-c", conf), r.IMAPAddr)
}

func (r *Rig) startPostfix(t *testing.T, users int) {
	t.Helper()
	nobody, err := user.Lookup("nobody")
	if err != nil {
		t.Fatal(err)
	}
	r.mkdir(t, "postfix", 0o755, "", "")
	r.mkdir(t, "data", 0o700, "postfix", "postfix")
	r.mkdir(t, "spool", 0o755, "", "")
	r.mkdir(t, "spool/pid", 0o755, "", "")
	for _, queue := range []string{"active", "bounce", "corrupt", "defer", "deferred", "flush", "hold", "incoming", "private", "saved", "trace"} {
		r.mkdir(t, "spool/"+queue, 0o700, "postfix", "")
	}
	r.mkdir(t, "spool/public", 0o710, "postfix", "postdrop")
	r.mkdir(t, "spool/maildrop", 0o730|os.ModeSticky, "postfix", "postdrop")

	var mailboxes strings.Builder
	for n := 1; n <= users; n++ {
		name, _, _ := strings.Cut(Reader(n), "@")
		fmt.Fprintf(&mailboxes, "%s %s/\n", Reader(n), name)
	}
	r.write(t, "postfix/mailboxes", mailboxes.String())
	r.write(t, "postfix/owners", r.Username+" "+r.Username+"\n")
	// Mail to gone.example.org is taken, and bounces then. What comes to bounces@ goes into a program.
	r.write(t, "postfix/transport", "gone.example.org gone:\n.gone.example.org gone:\nbounces@example.org inbound:\n")
	log := filepath.Join(r.dir, "postfix.log")
	r.write(t, "postfix/main.cf", strings.NewReplacer(
		"DIR", r.dir, "UID", nobody.Uid, "GID", nobody.Gid, "LOG", log,
	).Replace(`
compatibility_level = 3.6
queue_directory = DIR/spool
data_directory = DIR/data
maillog_file = LOG
maillog_file_prefixes = DIR
myhostname = mail.example.org
mydestination =
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
alias_maps =
alias_database =
mynetworks =
smtputf8_enable = yes
# nothing leaves this machine
default_transport = error:this server delivers to its own mailboxes only
transport_maps = texthash:DIR/postfix/transport
inbound_destination_recipient_limit = 1
recipient_delimiter = +
virtual_mailbox_domains = example.org
virtual_mailbox_base = DIR/mail
virtual_mailbox_maps = texthash:DIR/postfix/mailboxes
virtual_minimum_uid = 1
virtual_uid_maps = static:UID
virtual_gid_maps = static:GID
smtpd_tls_cert_file = DIR/server.pem
smtpd_tls_key_file = DIR/server.key
smtpd_tls_session_cache_database =
smtpd_tls_auth_only = yes
smtpd_sasl_auth_enable = yes
smtpd_sasl_type = dovecot
smtpd_sasl_path = DIR/sasl
smtpd_relay_restrictions = permit_sasl_authenticated, reject
smtpd_recipient_restrictions = reject_unlisted_recipient, permit_sasl_authenticated, reject
smtpd_client_connection_rate_limit = 0
smtpd_peername_lookup = no
`))
	r.write(t, "postfix/master.cf", strings.NewReplacer(
		"SUBMISSION", strconv.Itoa(r.SubmissionPort), "SMTPS", strconv.Itoa(r.SMTPSPort), "STRICT", strconv.Itoa(r.StrictPort), "DIR", r.dir,
	).Replace(`
SUBMISSION inet n - n - - smtpd -o smtpd_tls_security_level=encrypt
SMTPS inet n - n - - smtpd -o smtpd_tls_wrappermode=yes
STRICT inet n - n - - smtpd -o smtpd_tls_security_level=encrypt -o message_size_limit=20480
  -o smtpd_sender_restrictions=reject_sender_login_mismatch -o smtpd_sender_login_maps=texthash:DIR/postfix/owners
  -o smtpd_helo_required=yes -o smtpd_helo_restrictions=reject_non_fqdn_helo_hostname -o smtpd_delay_reject=no
postlog unix-dgram n - n - 1 postlogd
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
proxymap unix - - n - - proxymap
proxywrite unix - - n - 1 proxymap
tlsmgr unix - - n 1000? 1 tlsmgr
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
error unix - - n - - error
retry unix - - n - - error
discard unix - - n - - discard
virtual unix - n n - - virtual
gone unix - n n - - pipe user=nobody argv=/bin/sh -c {exit 67}
inbound unix - n n - 1 pipe flags=DORq user=nobody argv=DIR/inbound
showq unix n - n - - showq
`))
	master := exec.Command(postfixMaster, "-c", filepath.Join(r.dir, "postfix"), "-d")
	master.Env = append(os.Environ(), "MAIL_CONFIG="+filepath.Join(r.dir, "postfix"))
	r.start(t, log, master, "127.0.0.1:"+strconv.Itoa(r.SubmissionPort), "127.0.0.1:"+strconv.Itoa(r.SMTPSPort))
}

// Settle waits until Postfix has delivered, bounced or deferred all that it took.
func (r *Rig) Settle(t *testing.T) {
	t.Helper()
	await(t, "Postfix to empty its queue", func() bool {
		for _, queue := range []string{"maildrop", "incoming", "active"} {
			if entries, err := os.ReadDir(filepath.Join(r.dir, "spool", queue)); err != nil || len(entries) > 0 {
				return false
			}
		}
		return true
	})
}

// Mailbox reads back over IMAP what stands in an address's mailbox, in order of arrival.
func (r *Rig) Mailbox(t *testing.T, address string) [][]byte {
	t.Helper()
	client := dialIMAP(t, r.IMAPAddr, r.CAFile)
	defer client.close()
	messages, err := client.fetchAll(address, r.Password)
	if err != nil {
		t.Fatalf("mailbox of %s: %v", address, err)
	}
	return messages
}

// parse reads a message whose header must be well-formed.
func parse(t *testing.T, raw []byte) *mail.Message {
	t.Helper()
	m, err := mail.ReadMessage(bytes.NewReader(raw))
	if err != nil {
		t.Fatalf("not a message: %v\n%.400s", err, raw)
	}
	return m
}
