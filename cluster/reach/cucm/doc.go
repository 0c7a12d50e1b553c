// Package cucm reaches a Unified Communications Manager as Cisco ships it, with nothing
// of ours on its nodes.
//
// Each ability has its first door and the next one; which one was used is said:
//
//	facts     AXL, the certificates too; else the CLI and the lists that are served
//	mode      none by itself: utils ctl set-cluster (Author) writes a CTL as well
//	author    the CLI of the publisher
//	services  Control Center of the node itself; else its CLI
//	trust     AXL to look; the certificate REST API (14 and later) or the CLI to add
//	phones    AXL, and RisPort70 for what they do now
//	nodes     OS Administration, TFTP File Management; read back over TFTP and HTTP
//
// There are two accounts, as CUCM has them: the application user (AXL, RisPort70, Control
// Center) and the platform user (OS Administration, REST, CLI). A password that one door
// of one node refused is tried nowhere else.
//
// What Cisco documents, and how sure each fact is, stands in docs/cucm-facts.md. None of it
// was tried on a live CUCM.
package cucm
