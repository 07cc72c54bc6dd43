package newsroom

// Narrowed is narrowed, for the tests of the table of what a reader chose.
var Narrowed = narrowed
