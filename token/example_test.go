package token_test

import (
	"context"
	"crypto"
	"crypto/sha1"
	"errors"
	"fmt"
	"log"

	"ctlclient/token"
)

// Sign with the one token of that label, whatever module shows it.
func ExampleOpen() {
	ctx := context.Background()
	u, err := token.ParseURI("pkcs11:token=SAST-1")
	if err != nil {
		log.Fatal(err)
	}
	signer, err := token.Open(ctx, u, token.Options{
		PIN: func(_ context.Context, r token.PINRequest) ([]byte, error) {
			fmt.Printf("PIN of %s: ", r.Token)
			return readPIN()
		},
		OnSlow: func(label string) { fmt.Printf("waiting for %s, is it to be touched?\n", label) },
	})
	switch {
	case errors.Is(err, token.PINWrong):
		log.Fatal("wrong, and not tried again") // the *token.Error says what is left
	case err != nil:
		log.Fatal(err)
	}
	defer signer.Close()
	digest := sha1.Sum([]byte("what is to be signed"))
	signature, err := signer.Sign(nil, digest[:], crypto.SHA1)
	fmt.Println(len(signature), err)
}

func readPIN() ([]byte, error) { return nil, errors.New("no terminal") }
