// Package reach is what a cluster can be asked and told, in the house's own words.
//
// A cluster is reached in one of several ways, one folder below this one each: agent (our
// CTL Provider on port 2444, and the nodes' administration CLI), cucm (CUCM as Cisco ships
// it), files (a TFTP server alone). Single nodes are reached by sftp, by hand, and by what
// the ways bring. These folders are the only importers of protocol packages; this package
// imports none, and nothing above it knows a protocol.
//
// A [Site] is a struct of abilities, each an interface of one or two methods. An ability
// that is nil is one that this way does not have, or whose doors are all shut;
// [Site.Without] says why, in words, and a plan says so before a PIN is asked. An ability
// may have several doors (AXL, else the CLI): the adapter tries them in its order, and
// every answer says which one gave it ([Door]). A door that refuses a login is not tried
// again with the same password, there or on another node.
//
// # Writing an adapter
//
// An adapter of a whole cluster is a function New(*site.Profile, Tools) (*Site, error). It
// does not connect: connections are made when they are needed, and anew after they died.
// Its Nodes are those of the transports that it brings itself; package cluster adds the
// nodes of other transports and puts them into the profile's order. For every server that
// it talks to it lists an [Entrance], so that all of them can be met before anybody types a
// password. An adapter of nodes alone (sftp, byhand) is a function that makes one [Node]
// and its Entrances. Both translate
//
//   - words: into Facts, Server, Credential, StoredCertificate, Phone. Names and addresses
//     come as the cluster writes them; they are compared with ctlbuild.SameHost and
//     SameServer, never with ==. Text from the network is bounded and printable.
//   - errors: once, into an [*Error] with one of four classes, made by adapters and by
//     nothing else. What is left as it is: ctx.Err(), *meet.IdentityError,
//     fs.ErrNotExist and ErrConflict (wrapped, see Node), and *Lacks.
//
// What an adapter does not understand it does not guess: it is an *Error of class Refused
// with the server's own words. Methods may be called from several goroutines; each ends
// soon after its ctx. Closing has a deadline, too.
package reach
