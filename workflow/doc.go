// Package workflow holds the jobs an administrator names: update the CTL,
// migrate to tokens, migrate to tokenless, change the security mode,
// distribute a file, resume and take back.
//
// Every front end runs a job in the same four steps:
//
//	s, err := workflow.Connect(ctx, profile, ui, options) // identities, login, snapshot
//	p, err := s.PlanUpdate(ctx, request)                  // everything known; nothing written
//	err     = s.Agree(ctx, p)                             // hazards shown, the person asked
//	l, err := s.Sign(ctx, p)                              // one PIN, one attempt; verified from the bytes
//	r, err := s.Execute(ctx, p, l, executeOptions)        // the first moment anything is written
//
// What always holds:
//
//   - Before Execute no node, no journal and no token was changed. A wrong PIN or a
//     token pulled out leaves the cluster as it was.
//   - A plan that would lose phones is neither signed nor executed unless the person
//     accepted the loss, and then the journal says so.
//   - Where nobody described the phones of the cluster, those that can ask TVS are
//     taken to be there: their loss is a danger like any other. Those that cannot
//     (7940/7960, Jabber...) may not be there at all: the person is asked in words
//     before anything is written, no general "yes" answers it, and the journal
//     notes it. A warning that every job gave would soon be passed over by habit,
//     and then phones would be lost in silence.
//   - An existing record is kept byte for byte, unless the job is about that record.
//   - Progress is a stream of typed events and questions are methods of [UI]; no
//     front end is known here.
//
// The rules come from Cisco's guides and technotes; where a rule stops a job, the
// error says which rule and what to do first.
package workflow
