package ctlbuild_test

import (
	"fmt"
	"log"
	"os"

	"ctlclient/ctlbuild"
)

// Who signed a list, and does the signature hold?
func ExampleParse() {
	data, err := os.ReadFile("testdata/tokens.tlv")
	if err != nil {
		log.Fatal(err)
	}
	list, err := ctlbuild.Parse(data)
	if err != nil {
		log.Fatal(err) // with the position of the byte at which it is malformed
	}
	if v := list.Verify(); !v.OK {
		log.Fatal(v.Reason)
	}
	signer, i := list.Signer()
	fmt.Printf("%s of %d records, signed by record %d, %s\n", list.Kind(), len(list.Records), i+1, signer.CN())
	// Output: CTL of 5 records, signed by record 5, SAST-ADN008580ef
}

// A draft keeps what it is not told to change.
func ExampleEdit() {
	data, err := os.ReadFile("testdata/tokens.tlv")
	if err != nil {
		log.Fatal(err)
	}
	list, err := ctlbuild.Parse(data)
	if err != nil {
		log.Fatal(err)
	}
	draft := ctlbuild.Edit(list)
	if _, err := draft.Remove("10.48.47.156"); err != nil {
		log.Fatal(err)
	}
	for i := range draft.Records {
		r := &draft.Records[i]
		fmt.Println(r.Function().Slug(), r.CN())
	}
	// Output:
	// sast SAST-ADN0054f509
	// ccm+tftp cucm-1051-a-pub
	// capf CAPF-e41e7d87
	// sast SAST-ADN008580ef
}
