package archive

import (
	"archive/tar"
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path"
	"slices"
	"strings"

	"digestd/internal/ledger"
)

// format counts what changes all pages of an edition though neither it nor the configuration has changed: the templates
// around it.
const format = 1

// file is a page on its way into a directory. Its stamp is the same as long as its bytes are.
type file struct {
	name  string // "daily/2026-11-28/index.html"
	stamp string
	page  func() (*Page, error)
}

// files are all of the site, in the order in which they may be seen: no page comes before those that it leads to.
func (s *Site) files() []file {
	var all []file
	add := func(of *collection, path string, stamp string) {
		name := path
		if path == "" || strings.HasSuffix(path, "/") {
			name += "index.html"
		}
		all = append(all, file{name, stamp, func() (*Page, error) { return s.Page(path) }})
	}
	for _, of := range s.digests {
		for _, row := range slices.Backward(s.rowsOf(of)) {
			for i, language := range row.Languages {
				path := row.Path + "/"
				if i > 0 {
					path += language + "/"
				}
				add(of, path, s.stamp(of, row))
			}
		}
	}
	for _, of := range s.digests {
		add(of, of.ID+"/"+feedAtom, "")
		add(of, of.ID+"/"+feedJSON, "")
		month := ""
		for _, row := range of.listed {
			if name := row.Wall[:len("2026-11")]; name != month {
				month = name
				add(of, of.ID+"/"+month+"/", "")
			}
		}
		add(of, of.ID+"/", "")
	}
	if !s.Empty() {
		add(nil, "", "")
	}
	return all
}

// names are those of all files, as a manifest has them before they are written.
func (s *Site) names() map[string]string {
	all := map[string]string{}
	for _, f := range s.files() {
		all[f.name] = ""
	}
	return all
}

// rowsOf are the pages of a digest, the newest first, those included that no list leads to.
func (s *Site) rowsOf(of *collection) []*ledger.Archived {
	var rows []*ledger.Archived
	for _, row := range s.byPath {
		if row.Digest == of.ID && !row.Withdrawn {
			rows = append(rows, row)
		}
	}
	slices.SortFunc(rows, func(a, b *ledger.Archived) int {
		return cmp.Or(b.Slot.Compare(a.Slot), strings.Compare(b.Path, a.Path))
	})
	return rows
}

// stamp tells an edition's page from what it would be with another neighbour, or another configuration.
func (s *Site) stamp(of *collection, row *ledger.Archived) string {
	before, after := of.neighbours(row)
	parts := []any{format, row.Path, row.Languages, row.Edition, row.Composed, row.Later, s.base, s.signUp, s.config.Newsletter,
		of.ID, of.Title, s.config.Web != nil && s.config.Web.Index}
	for _, near := range []*ledger.Archived{before, after} {
		if near != nil {
			parts = append(parts, near.Path, near.Date)
		}
	}
	raw, err := json.Marshal(parts)
	if err != nil { // nothing of it can't be JSON
		return ""
	}
	return hash(raw)
}

func hash(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:12])
}

// Exported is what became of an export.
type Exported struct {
	Editions int `json:"editions"` // that are public
	Files    int `json:"files"`    // written: what was there already and has not changed is left as it is
	Removed  int `json:"removed"`  // of editions that were withdrawn
}

// Export writes the site as files for any web server into a directory, and makes it if need be. Each file is whole when
// it gets its name, and comes before those that lead to it.
func (s *Site) Export(dir string) (Exported, error) {
	d, err := openDirectory(dir)
	if err != nil {
		return Exported{}, err
	}
	defer d.root.Close()
	if err := d.promise(s.names()); err != nil {
		return Exported{}, err
	}
	for _, f := range s.files() {
		if f.stamp != "" && d.has(f.name, f.stamp) {
			continue
		}
		p, err := f.page()
		if err == nil && (p == nil || p.Status != http.StatusOK) {
			err = fs.ErrNotExist
		}
		if err == nil {
			err = d.put(f.name, cmp.Or(f.stamp, hash(p.Body)), p.Body)
		}
		if err != nil {
			return d.done, fmt.Errorf("export of the archive to %s: %s: %w", dir, f.name, err)
		}
	}
	return d.finish()
}

// stampRecord is the name under which a tar file has the stamps.
const stampRecord = "DIGESTD.stamp"

// Tar writes the site as a tar file, in the order of Export.
func (s *Site) Tar(to io.Writer) error {
	w := tar.NewWriter(to)
	names, err := json.Marshal(s.names())
	if err == nil {
		err = w.WriteHeader(&tar.Header{Name: manifest, Mode: 0o644, Size: int64(len(names)), Format: tar.FormatPAX})
	}
	if err == nil {
		_, err = w.Write(names)
	}
	if err != nil {
		return err
	}
	for _, f := range s.files() {
		p, err := f.page()
		if err != nil {
			return err
		}
		header := &tar.Header{Name: f.name, Mode: 0o644, Size: int64(len(p.Body)), Format: tar.FormatPAX,
			PAXRecords: map[string]string{stampRecord: cmp.Or(f.stamp, hash(p.Body))}}
		if err := w.WriteHeader(header); err != nil {
			return err
		}
		if _, err := w.Write(p.Body); err != nil {
			return err
		}
	}
	return w.Close()
}

// Unpack does with the tar file of a site what Export does with the site.
func Unpack(from io.Reader, dir string) (Exported, error) {
	d, err := openDirectory(dir)
	if err != nil {
		return Exported{}, err
	}
	defer d.root.Close()
	for r := tar.NewReader(from); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			return d.finish()
		}
		var body []byte
		if err == nil {
			body, err = io.ReadAll(r)
		}
		if err == nil && h.Name == manifest {
			var names map[string]string
			if err = json.Unmarshal(body, &names); err == nil {
				err = d.promise(names)
			}
		} else if err == nil && !d.has(h.Name, h.PAXRecords[stampRecord]) {
			err = d.put(h.Name, h.PAXRecords[stampRecord], body)
		}
		if err != nil {
			return d.done, fmt.Errorf("export of the archive to %s: %w", dir, err)
		}
	}
}

// manifest is the file that remembers what an export has written, so that the next one finds what is new, and what is
// its own to remove.
const manifest = ".digestd-archive.json"

// directory is where an export goes. Nothing outside of it can be written, whatever links stand in it.
type directory struct {
	name   string
	root   *os.Root
	before map[string]string // stamps by file
	now    map[string]string
	done   Exported
}

func openDirectory(name string) (*directory, error) {
	if err := os.MkdirAll(name, 0o755); err != nil {
		return nil, fmt.Errorf("export of the archive: %w", err)
	}
	root, err := os.OpenRoot(name)
	if err != nil {
		return nil, fmt.Errorf("export of the archive: %w", err)
	}
	d := &directory{name: name, root: root, before: map[string]string{}, now: map[string]string{}}
	raw, err := root.ReadFile(manifest)
	if err == nil {
		if json.Unmarshal(raw, &d.before) != nil {
			d.before = map[string]string{} // all is written anew
		}
	} else if !errors.Is(err, fs.ErrNotExist) {
		root.Close()
		return nil, fmt.Errorf("export of the archive: %w", err)
	}
	return d, nil
}

// promise remembers what is going to be written, before it is: were the export ended in its middle, nobody else would know
// that a page was its own to remove.
func (d *directory) promise(names map[string]string) error {
	known := len(d.before)
	for name := range names {
		if _, ok := d.before[name]; !ok {
			d.before[name] = ""
		}
	}
	if len(d.before) == known {
		return nil
	}
	return d.remember(d.before)
}

// remember writes the manifest.
func (d *directory) remember(files map[string]string) error {
	raw, err := json.MarshalIndent(files, "", " ")
	if err == nil {
		err = d.write(manifest, raw)
	}
	if err != nil {
		return fmt.Errorf("export of the archive to %s: %w", d.name, err)
	}
	return nil
}

// has reports whether a file is there as it is to be.
func (d *directory) has(name, stamp string) bool {
	if stamp == "" || d.before[name] != stamp {
		return false
	}
	info, err := d.root.Lstat(name)
	if err != nil || !info.Mode().IsRegular() || info.Size() == 0 {
		return false
	}
	d.note(name, stamp)
	return true
}

func (d *directory) note(name, stamp string) {
	d.now[name] = stamp
	// daily/2026-11-28/index.html; a month is shorter, a language deeper
	if parts := strings.Split(name, "/"); len(parts) == 3 && len(parts[1]) >= len("2026-11-28") {
		d.done.Editions++
	}
}

// put writes a file whole.
func (d *directory) put(name, stamp string, body []byte) error {
	if d.has(name, stamp) {
		return nil
	}
	if err := d.root.MkdirAll(path.Dir(name), 0o755); err != nil {
		return err
	}
	if err := d.write(name, body); err != nil {
		return err
	}
	d.note(name, stamp)
	d.done.Files++
	return nil
}

// partOf is a file that is not whole yet.
func partOf(name string) string { return path.Join(path.Dir(name), "."+path.Base(name)+".part") }

func (d *directory) write(name string, body []byte) error {
	part := partOf(name)
	f, err := d.root.OpenFile(part, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o644)
	if err != nil {
		return err
	}
	_, err = f.Write(body)
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err == nil {
		err = d.root.Rename(part, name)
	}
	if err != nil {
		d.root.Remove(part)
	}
	return err
}

// finish removes what was withdrawn, and remembers what is there.
func (d *directory) finish() (Exported, error) {
	for name := range d.before {
		if d.now[name] != "" {
			continue
		}
		if err := d.root.Remove(name); err == nil {
			d.done.Removed++
		} else if !errors.Is(err, fs.ErrNotExist) {
			return d.done, fmt.Errorf("export of the archive to %s: %w", d.name, err)
		}
		d.root.Remove(partOf(name))
		d.root.Remove(path.Dir(name)) // when nothing else is in it
	}
	return d.done, d.remember(d.now)
}
