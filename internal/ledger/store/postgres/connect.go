package postgres

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strings"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"digestd/internal/ledger/store"
)

// parse reads a URL; the name is what errors call the database.
func parse(raw string) (cfg *pgxpool.Config, name string, err error) {
	u, err := url.Parse(raw)
	if err != nil {
		return nil, "", errors.New("it is no URL") // whose error would show a password
	}
	if u.Scheme != "postgres" && u.Scheme != "postgresql" {
		return nil, "", errors.New("it must begin with postgres://")
	}
	_, has := u.User.Password()
	if has || u.Query().Has("password") {
		return nil, "", errors.New("it has a password in it: put that into a file that password_file names, or into the credential ledger-password")
	}
	if cfg, err = pgxpool.ParseConfig(raw); err != nil {
		return nil, "", err
	}
	bare := *u
	bare.RawQuery = ""
	name = bare.String()
	if u.Host == "" {
		name = fmt.Sprintf("postgres://%s@%s/%s", cfg.ConnConfig.User, cfg.ConnConfig.Host, cfg.ConnConfig.Database)
	}
	if !u.Query().Has("pool_max_conns") {
		cfg.MaxConns = connections
	}
	cfg.MaxConns = max(2, cfg.MaxConns)
	return cfg, name, nil
}

// server is the database as it is reached: how, and what its errors mean.
type server struct {
	opt  Options
	name string
}

// configure is how each connection is made.
func (d *server) configure() (*pgxpool.Config, error) {
	cfg, name, err := parse(d.opt.URL)
	if err != nil {
		return nil, fmt.Errorf("[ledger] postgres: %w", err)
	}
	d.name = name
	c := cfg.ConnConfig
	if c.ConnectTimeout == 0 {
		c.ConnectTimeout = 10 * time.Second
	}
	for key, value := range map[string]string{
		"application_name":                    strings.TrimSpace("digestd " + d.opt.Name),
		"statement_timeout":                   milliseconds(maxStatement),
		"lock_timeout":                        milliseconds(maxLock),
		"idle_in_transaction_session_timeout": milliseconds(maxLook),
		// A machine that is cut off must not keep its locks for two hours.
		"tcp_keepalives_idle":     "10",
		"tcp_keepalives_interval": "5",
		"tcp_keepalives_count":    "3",
		"tcp_user_timeout":        milliseconds(maxStatement),
		// The one table is read by its key alone, whatever its statistics say.
		"enable_seqscan":    "off",
		"enable_bitmapscan": "off",
	} {
		if _, set := c.RuntimeParams[key]; !set {
			c.RuntimeParams[key] = value
		}
	}
	dialer := &net.Dialer{Timeout: c.ConnectTimeout, Control: boundSilence,
		KeepAliveConfig: net.KeepAliveConfig{Enable: true, Idle: 10 * time.Second, Interval: 5 * time.Second, Count: 3}}
	c.DialFunc = dialer.DialContext
	c.ValidateConnect = d.admit
	cfg.BeforeConnect = func(_ context.Context, c *pgx.ConnConfig) (err error) {
		if d.opt.Password != nil {
			c.Password, err = d.opt.Password()
		}
		return err
	}
	cfg.MaxConnIdleTime = 5 * time.Minute
	// One that broke while nobody used it is found out by its next request, which is then made anew.
	cfg.ShouldPing = func(context.Context, pgxpool.ShouldPingParams) bool { return false }
	return cfg, nil
}

// milliseconds is a duration as PostgreSQL reads it.
func milliseconds(d time.Duration) string { return fmt.Sprint(d.Milliseconds()) }

// boundSilence ends a connection on which nothing is acknowledged (TCP_USER_TIMEOUT of tcp(7)).
func boundSilence(network, _ string, raw syscall.RawConn) error {
	if !strings.HasPrefix(network, "tcp") {
		return nil
	}
	const tcpUserTimeout = 18
	return raw.Control(func(fd uintptr) {
		_ = syscall.SetsockoptInt(int(fd), syscall.IPPROTO_TCP, tcpUserTimeout, int(maxStatement.Milliseconds()))
	})
}

// admit holds that what answers can keep a ledger. Of several hosts, the next one is tried when it can't.
func (d *server) admit(ctx context.Context, c *pgconn.PgConn) error {
	results, err := c.Exec(ctx, `select version(), current_setting('server_version_num'), pg_is_in_recovery(),
		current_setting('transaction_read_only'), current_setting('synchronous_commit')`).ReadAll()
	if err != nil {
		return err
	}
	if len(results) != 1 || len(results[0].Rows) != 1 {
		return fmt.Errorf("%w: it does not answer as PostgreSQL does", ErrSettings)
	}
	row := results[0].Rows[0]
	version, replica, readOnly, synchronous := string(row[0]), string(row[2]) == "t", string(row[3]) == "on", string(row[4])
	number := 0
	fmt.Sscan(string(row[1]), &number)
	switch {
	case !strings.HasPrefix(version, "PostgreSQL"):
		return unfit("%w: it is %.40s, whose locks are not those of PostgreSQL", ErrSettings, version)
	case number < 150000:
		return unfit("%w: it is PostgreSQL %d, and 15 or later is needed", ErrSettings, number/10000)
	case replica: // which may be promoted in the next minute
		return unfit("%w: what answers is a replica, which can only be read: name the primary, or all hosts, in the URL", store.ErrAway)
	case readOnly:
		return unfit("%w: it can only be read: `alter database … set default_transaction_read_only = off`", store.ErrAway)
	case synchronous == "off":
		return unfit("%w: synchronous_commit is off, and a crash would forget what was sent: "+
			"`alter role … set synchronous_commit = on`", ErrSettings)
	}
	return nil
}

// unfitError is why what answers can't keep a ledger, which pgx wraps in much else.
type unfitError struct{ err error }

func (u *unfitError) Error() string { return u.err.Error() }
func (u *unfitError) Unwrap() error { return u.err }

func unfit(format string, args ...any) error { return &unfitError{fmt.Errorf(format, args...)} }

// explain says what an error of the database is about, and what to do.
func (d *server) explain(err error) error {
	var refused *pgconn.PgError
	var connecting *pgconn.ConnectError
	var network net.Error
	var unfit *unfitError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &unfit):
		return fmt.Errorf("%s: %w", d.name, unfit)
	case errors.As(err, &refused):
		return d.explainCode(refused, err)
	case errors.As(err, &network) || errors.As(err, &connecting) || pgconn.Timeout(err):
		return fmt.Errorf("%s: %w: %s", d.name, store.ErrAway, cause(err))
	case isCut(err):
		return fmt.Errorf("%s: %w: the connection was cut (%w)", d.name, store.ErrAway, err)
	}
	return fmt.Errorf("%s: %w", d.name, err)
}

// cause is what is at the bottom of an error of the network.
func cause(err error) string {
	var op *net.OpError
	var dns *net.DNSError
	switch {
	case errors.As(err, &dns):
		return dns.Error()
	case errors.As(err, &op):
		return op.Error()
	case errors.Is(err, context.DeadlineExceeded):
		return "it does not answer"
	}
	return err.Error()
}

// explainCode says what a refusal is about, by its code (PostgreSQL, appendix A).
func (d *server) explainCode(e *pgconn.PgError, err error) error {
	switch {
	case e.Code == "28P01":
		return fmt.Errorf("%s: %w: the password is wrong, or there is none: see [ledger] password_file", d.name, store.ErrDenied)
	case strings.HasPrefix(e.Code, "28"):
		return fmt.Errorf("%s: %w: %s (pg_hba.conf of the server says who may come from where)", d.name, store.ErrDenied, e.Message)
	case e.Code == "3D000":
		return fmt.Errorf("%s: %w: %s: `createdb` makes it", d.name, store.ErrDenied, e.Message)
	case e.Code == "3F000":
		return fmt.Errorf("%s: %w: no schema of its search_path is there, or may be used: `create schema …`", d.name, store.ErrDenied)
	case e.Code == "42501":
		return fmt.Errorf("%s: %w: %s: the user must own its tables, or be allowed to make them "+
			"(`grant create on schema public to …`)", d.name, store.ErrDenied, e.Message)
	case e.Code == "55P03":
		return fmt.Errorf("%s: %w: another digestd did not let go of a lock in %v", d.name, store.ErrAway, maxLock)
	case e.Code == "25006":
		return fmt.Errorf("%s: %w: it can only be read now", d.name, store.ErrAway)
	case strings.HasPrefix(e.Code, "08"), strings.HasPrefix(e.Code, "57"), e.Code == "25P03", e.Code == "53300", e.Code == "40P01", e.Code == "25P04":
		return fmt.Errorf("%s: %w: %s", d.name, store.ErrAway, e.Message)
	case e.Code == "53100":
		return fmt.Errorf("%s: the disk of the database is full: %w", d.name, e)
	}
	return fmt.Errorf("%s: %w", d.name, err)
}
