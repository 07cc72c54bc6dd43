package ledger

import (
	"errors"
	"fmt"
	"sync"

	"digestd/internal/ledger/store"
	"digestd/subscribers"
)

// Keys are the secrets with which tokens are made and checked.
type Keys struct {
	*base
	mu   sync.RWMutex // held for meta.TokenKeys, the only part of it that changes
	meta meta
}

// Secrets are all of them, the newest first: it makes new tokens, the others open what was made before.
func (k *Keys) Secrets() [][]byte {
	k.mu.RLock()
	defer k.mu.RUnlock()
	return k.meta.TokenKeys
}

// Rotate puts a new secret before the ones that there are, and returns how many there are then. No
// secret is ever forgotten: links in old mails, bounces, and what is still owed go on with theirs.
func (k *Keys) Rotate() (int, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	next := k.meta
	next.TokenKeys = append([][]byte{random(subscribers.TokenKeySize)}, next.TokenKeys...)
	err := k.update(touches{store.Itself()}, func(tx store.Tx) error { return tableMeta.in(tx).put(keyMeta, next) })
	if err != nil {
		return 0, fmt.Errorf("rotate the token key: %w", err)
	}
	k.meta = next
	return len(next.TokenKeys), nil
}

// Find reads a token that was made for one of the purposes, and finds what it names. A token doesn't say with which of
// the secrets it was made, and what another one makes of it is now and then no noise by its looks: of 256 links about
// one. So each that may be meant is looked for, until find knows it. The error is subscribers.ErrToken for what is no
// token of this ledger, else that of find, which is ErrUnknown for what is not there.
func (k *Keys) Find(token string, purposes []subscribers.Purpose, find func(subscribers.Ref) (Delivery, error)) (d Delivery, err error) {
	err = subscribers.ErrToken
	for _, secret := range k.Secrets() {
		key, wrong := subscribers.NewTokenKey(secret)
		if wrong != nil {
			return d, wrong
		}
		ref, wrong := key.Open(token, purposes...)
		if wrong != nil {
			continue
		}
		if d, err = find(ref); !errors.Is(err, ErrUnknown) {
			return d, err
		}
	}
	return d, err
}
