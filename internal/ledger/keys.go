package ledger

import (
	"cmp"
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
	k.renew()
	k.mu.RLock()
	defer k.mu.RUnlock()
	return k.meta.TokenKeys
}

// renew reads the secrets anew where another process may have rotated them. Those that are known stay so when that can't
// be done.
func (k *Keys) renew() {
	if k.several == nil {
		return
	}
	var now meta
	err := k.view(func(tx store.Tx) (err error) {
		now, _, err = tableMeta.in(tx).get(keyMeta)
		return err
	})
	k.mu.Lock()
	defer k.mu.Unlock()
	if err == nil && len(now.TokenKeys) > len(k.meta.TokenKeys) {
		k.meta.TokenKeys = now.TokenKeys
	}
}

// Rotate puts a new secret before the ones that there are, and returns how many there are then. No
// secret is ever forgotten: links in old mails, bounces, and what is still owed go on with theirs.
func (k *Keys) Rotate() (int, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	next := k.meta
	err := k.update(touches{store.Itself()}, func(tx store.Tx) error {
		now, ok, err := tableMeta.in(tx).get(keyMeta)
		if err != nil || !ok {
			return fmt.Errorf("the ledger's description: %w", cmp.Or(err, store.ErrDamaged))
		}
		next = now
		next.TokenKeys = append([][]byte{random(subscribers.TokenKeySize)}, now.TokenKeys...)
		return tableMeta.in(tx).put(keyMeta, next)
	})
	if err != nil {
		return 0, fmt.Errorf("rotate the token key: %w", err)
	}
	k.meta = next
	return len(next.TokenKeys), nil
}

// Open reads a token that was made for one of the purposes, with any of the ledger's keys. The error
// is subscribers.ErrToken for what is no token of this ledger.
func (k *Keys) Open(token string, purposes ...subscribers.Purpose) (subscribers.Ref, error) {
	for _, secret := range k.Secrets() {
		key, err := subscribers.NewTokenKey(secret)
		if err != nil {
			return subscribers.Ref{}, err
		}
		if ref, err := key.Open(token, purposes...); err == nil {
			return ref, nil
		}
	}
	return subscribers.Ref{}, subscribers.ErrToken
}
