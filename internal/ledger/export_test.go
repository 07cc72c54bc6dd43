package ledger

// OnCommit has a hook called before and after each commit of deliveries, in the goroutine that commits:
// it is there for tests from outside, and set before the first step.
func (l *Ledger) OnCommit(hook func(at string)) { l.delivery.hook = hook }
