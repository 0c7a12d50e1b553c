// Package faulty builds a PKCS#11 module that passes calls on to SoftHSM2 and fails
// on request, for tests of everything above a token: tokens pulled out in the middle
// of a signature, PIN tries that run out, keypads, slowness. It also writes down
// every attempt at a PIN, so that a test can show that there was one.
//
// What the module does is controlled by files in its folder, which Control writes;
// they are read at every call, by whatever process has loaded the module. The C
// source in module/ describes them. It builds with gcc on Linux only.
package faulty
