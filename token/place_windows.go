package token

// othersWrite: the usual places on Windows are below System32 and Program Files, where
// an administrator alone can write.
func othersWrite(string) bool { return false }
