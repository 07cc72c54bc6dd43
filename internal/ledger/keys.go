package ledger

import (
	"cmp"
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

// Open reads a token that was made for one of the purposes: what it may name, by each of the ledger's keys that opens
// it, the newest first. What another key made is noise, which looks like a token about once in 200 tries, and names
// nobody. The error is subscribers.ErrToken for what is no token of this ledger.
func (k *Keys) Open(token string, purposes ...subscribers.Purpose) (refs []subscribers.Ref, err error) {
	for _, secret := range k.Secrets() {
		key, err := subscribers.NewTokenKey(secret)
		if err != nil {
			return nil, err
		}
		if ref, err := key.Open(token, purposes...); err == nil {
			refs = append(refs, ref)
		}
	}
	if len(refs) == 0 {
		err = subscribers.ErrToken
	}
	return refs, err
}

// firstKnown is what is found for the first of some refs that is not unknown.
func firstKnown(refs []subscribers.Ref, find func(subscribers.Ref) (Delivery, error)) (d Delivery, err error) {
	for _, ref := range refs {
		if d, err = find(ref); !errors.Is(err, ErrUnknown) {
			break
		}
	}
	return d, err
}
