// Package curate makes stories of items: it says which items are one and the same, which different
// items tell the same story, which of them leads it, in what order the stories stand, and which items
// a topic leaves out. It is pure functions: the clock is a value, nothing is read or written, and the
// order in which items are given changes nothing.
//
// It must not know how items are fetched or kept, what an edition looks like, or who reads it.
package curate
