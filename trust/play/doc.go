// Package play plays a plan on the phone model before anybody does it in earnest: which
// phones would follow, which would be lost, and where one must not stop.
//
// A [Cluster] is what is known of the cluster's keys and of the lists that it serves. A
// plan is a row of [Step], each of which changes keys or lists as CUCM does. [Run]
// applies them one after the other. Between two steps every phone may boot or not, so
// after each step there are as many kinds of phones as there are ways to have come so
// far; at a step that waits for the phones, all boot. What a phone makes of what it is
// served is asked of package trust, as for a real file: the lists that the plan makes
// are not signed, and the certificates in them stand for keys that do not exist yet.
//
// What is not known (whether a key of a list still exists, whether a rename makes
// ITLRecovery anew) is played both ways; what comes out differently is not certain.
package play
