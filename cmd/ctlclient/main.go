// Command ctlclient (stub: being written).
package main

func main() {}
