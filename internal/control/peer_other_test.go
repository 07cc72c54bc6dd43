//go:build !linux

package control

import "errors"

func becomeStranger() error { return errors.ErrUnsupported }
