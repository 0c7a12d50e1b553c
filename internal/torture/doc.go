// Package torture attacks the jobs of the real headless program from outside, for as long
// as one likes, and looks whether anything that it says is not so.
//
// A run is one seed. It starts a practice cluster as a process of its own, lets the program
// do a job on it, and does it harm in the middle: the program is killed, stopped or told to
// end, the cluster is frozen or a node's plug pulled, disks fill up, the connection is cut
// or goes silent, the cluster answers what is not so, a second program or somebody else
// writes too. All that time every node's file is fetched as phones fetch it. Then what was
// said, in text and by the exit code, is held against what the nodes hold:
//
//   - no node ever served anything but a whole list;
//   - "Passed", "Unchanged" and "Taken back" are so, and so is "nothing was changed";
//   - a node that differs is named, with exit code 5;
//   - history knows the job, and resume or rollback brings all nodes to one file;
//   - rollback without an ID leaves a job that is done alone;
//   - nothing waits without end, no secret is in what was said or kept, nothing is left
//     lying about in a served folder, and the next job works.
//
// make torture runs a thousand; go test ./internal/torture a short round. What is not so is
// printed with its seed and kept with all that was said; -seed N -runs 1 repeats it, as far
// as the moments of two processes can be repeated.
package torture
