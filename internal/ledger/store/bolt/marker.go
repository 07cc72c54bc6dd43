package bolt

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// Marker is the file beside a path by which a lost ledger is told from a first run. A ledger in a database has one as well, on
// each machine that uses it, beside where its file would be.
type Marker struct{ path string }

// MarkerAt is the marker of the ledger at a path.
func MarkerAt(path string) Marker { return Marker{path} }

// markerPath is where the marker is.
func markerPath(path string) string { return path + ".marker" }

// Read is the id of the ledger of which the marker tells, empty where there is none.
func (m Marker) Read() (id string, err error) {
	text, err := m.read()
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	if err == nil {
		_, err = fmt.Sscanf(text, "digestd ledger %s of", &id)
	}
	if err != nil {
		return "", fmt.Errorf("%s: %w", markerPath(m.path), err)
	}
	return id, nil
}

func (m Marker) read() (string, error) {
	marker, err := openRegular(markerPath(m.path), os.O_RDONLY)
	if err != nil {
		return "", err
	}
	defer marker.Close()
	text, err := io.ReadAll(io.LimitReader(marker, 1<<10))
	return string(text), err
}

// Write writes the marker when it is not there or speaks of another ledger.
func (m Marker) Write(id string, created time.Time) error {
	path := markerPath(m.path)
	text := fmt.Sprintf("digestd ledger %s of %s\nThis file tells a lost ledger from a first run. Leave it where it is.\n",
		id, created.Format(time.RFC3339))
	if old, err := m.read(); err == nil && old == text {
		return nil
	}
	file, err := makeFile(path+".new", filepath.Dir(path))
	if err == nil {
		_, err = io.WriteString(file, text)
		err = settle(file, err, path)
	}
	if err != nil {
		return fmt.Errorf("write the ledger's marker: %w", err)
	}
	return nil
}
