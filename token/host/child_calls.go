package host

import (
	"github.com/miekg/pkcs11"

	"ctlclient/message"
)

const (
	maxAttribute = 1 << 16 // bytes of one attribute that are passed on
	maxSlots     = 1024
	maxObjects   = 1024
	maxSignature = 4096 // bytes: RSA keys of 32768 bits
)

func (c *child) initialize(a *args) (packet, error) {
	err := a.done()
	if err == nil {
		err = c.mod.Initialize()
	}
	return with(err, nil)
}

func (c *child) finalize(a *args) (packet, error) {
	return with(c.mod.Finalize(), nil)
}

func (c *child) getInfo(a *args) (packet, error) {
	i, err := c.mod.GetInfo()
	return with(err, func(f *fields) {
		f.num(uint(i.CryptokiVersion.Major), uint(i.CryptokiVersion.Minor), uint(i.LibraryVersion.Major), uint(i.LibraryVersion.Minor))
		f.text(i.LibraryDescription, i.ManufacturerID)
	})
}

func (c *child) getSlotList(a *args) (packet, error) {
	present := a.num() != 0
	if err := a.done(); err != nil {
		return packet{}, err
	}
	ids, err := c.mod.GetSlotList(present)
	return with(err, func(f *fields) { f.num(ids[:min(len(ids), maxSlots)]...) })
}

func (c *child) getSlotInfo(a *args) (packet, error) {
	slot := a.num()
	if err := a.done(); err != nil {
		return packet{}, err
	}
	i, err := c.mod.GetSlotInfo(slot)
	return with(err, func(f *fields) { f.num(i.Flags).text(i.SlotDescription, i.ManufacturerID) })
}

func (c *child) getTokenInfo(a *args) (packet, error) {
	slot := a.num()
	if err := a.done(); err != nil {
		return packet{}, err
	}
	i, err := c.mod.GetTokenInfo(slot)
	return with(err, func(f *fields) {
		f.num(i.Flags, i.MaxSessionCount, i.MaxRwSessionCount, i.MinPinLen, i.MaxPinLen)
		f.text(i.Label, i.ManufacturerID, i.Model, i.SerialNumber)
	})
}

func (c *child) getMechanismList(a *args) (packet, error) {
	slot := a.num()
	if err := a.done(); err != nil {
		return packet{}, err
	}
	mechs, err := c.mod.GetMechanismList(slot)
	return with(err, func(f *fields) {
		for _, m := range mechs[:min(len(mechs), maxFields)] {
			f.num(m.Mechanism)
		}
	})
}

func (c *child) initToken(a *args) (packet, error) {
	slot, pin := a.num(), a.pin()
	var label [32]byte
	n := copy(label[:], a.blob())
	for ; n < len(label); n++ {
		label[n] = ' '
	}
	if err := a.done(); err != nil {
		return packet{}, err
	}
	return with(c.mod.InitToken(slot, pin, label), nil)
}

func (c *child) initPIN(a *args) (packet, error) {
	session, pin := a.num(), a.pin()
	if err := a.done(); err != nil {
		return packet{}, err
	}
	return with(c.mod.InitPIN(session, pin), nil)
}

func (c *child) setPIN(a *args) (packet, error) {
	session, old, new := a.num(), a.pin(), a.pin()
	if err := a.done(); err != nil {
		return packet{}, err
	}
	return with(c.mod.SetPIN(session, old, new), nil)
}

func (c *child) openSession(a *args) (packet, error) {
	slot, flags := a.num(), a.num()
	if err := a.done(); err != nil {
		return packet{}, err
	}
	s, err := c.mod.OpenSession(slot, flags)
	return with(err, func(f *fields) { f.num(uint(s)) })
}

func (c *child) closeSession(a *args) (packet, error) {
	s := pkcs11.SessionHandle(a.num())
	if err := a.done(); err != nil {
		return packet{}, err
	}
	return with(c.mod.CloseSession(s), nil)
}

func (c *child) login(a *args) (packet, error) {
	session, user, pin := a.num(), a.num(), a.pin()
	if err := a.done(); err != nil {
		return packet{}, err
	}
	return with(c.mod.Login(session, user, pin), nil)
}

func (c *child) logout(a *args) (packet, error) {
	s := pkcs11.SessionHandle(a.num())
	if err := a.done(); err != nil {
		return packet{}, err
	}
	return with(c.mod.Logout(s), nil)
}

func (c *child) getSessionInfo(a *args) (packet, error) {
	s := pkcs11.SessionHandle(a.num())
	if err := a.done(); err != nil {
		return packet{}, err
	}
	i, err := c.mod.GetSessionInfo(s)
	return with(err, func(f *fields) { f.num(i.SlotID, i.State, i.Flags, i.DeviceError) })
}

// attributes takes n attributes: their types among the numbers, their values among
// the byte strings.
func (a *args) attributes(n uint) []*pkcs11.Attribute {
	var t []*pkcs11.Attribute
	for i := uint(0); i < n && !a.bad; i++ {
		t = append(t, &pkcs11.Attribute{Type: a.num(), Value: a.blob()})
	}
	return t
}

func (c *child) createObject(a *args) (packet, error) {
	session := pkcs11.SessionHandle(a.num())
	template := a.attributes(a.num())
	if err := a.done(); err != nil {
		return packet{}, err
	}
	h, err := c.mod.CreateObject(session, template)
	return with(err, func(f *fields) { f.num(uint(h)) })
}

func (c *child) destroyObject(a *args) (packet, error) {
	session, h := pkcs11.SessionHandle(a.num()), pkcs11.ObjectHandle(a.num())
	if err := a.done(); err != nil {
		return packet{}, err
	}
	return with(c.mod.DestroyObject(session, h), nil)
}

// getAttributes asks for each attribute by itself: some modules refuse all where one
// is missing. What an object does not have or show is empty.
func (c *child) getAttributes(a *args) (packet, error) {
	session, h := pkcs11.SessionHandle(a.num()), pkcs11.ObjectHandle(a.num())
	kinds := a.rest()
	if err := a.done(); err != nil {
		return packet{}, err
	}
	var f fields
	for _, kind := range kinds {
		got, err := c.mod.GetAttributeValue(session, h, []*pkcs11.Attribute{{Type: kind}})
		if lost(err) {
			return packet{}, err
		}
		var value []byte
		if err == nil && len(got) == 1 && len(got[0].Value) <= maxAttribute {
			value = got[0].Value
		}
		f.blob(value)
	}
	return f.packet, nil
}

// lost tells an error that says something of session or token, not of the attribute.
func lost(err error) bool {
	return err != nil && !is(err, pkcs11.CKR_ATTRIBUTE_TYPE_INVALID, pkcs11.CKR_ATTRIBUTE_SENSITIVE,
		pkcs11.CKR_ATTRIBUTE_VALUE_INVALID, pkcs11.CKR_BUFFER_TOO_SMALL, pkcs11.CKR_GENERAL_ERROR,
		pkcs11.CKR_FUNCTION_FAILED, pkcs11.CKR_FUNCTION_NOT_SUPPORTED, pkcs11.CKR_ARGUMENTS_BAD)
}

func (c *child) findObjects(a *args) (packet, error) {
	session, most := pkcs11.SessionHandle(a.num()), int(min(a.num(), maxObjects))
	template := a.attributes(a.num())
	if err := a.done(); err != nil {
		return packet{}, err
	}
	p := c.mod
	if err := p.FindObjectsInit(session, template); err != nil {
		return packet{}, err
	}
	var f fields
	for len(f.nums) < most {
		handles, _, err := p.FindObjects(session, most-len(f.nums))
		if err != nil {
			_ = p.FindObjectsFinal(session) // the first error is the one to tell
			return packet{}, err
		}
		if len(handles) == 0 {
			break
		}
		for _, h := range handles {
			f.num(uint(h))
		}
	}
	return f.packet, p.FindObjectsFinal(session)
}

func (c *child) signInit(a *args) (packet, error) {
	session, mechanism, key := pkcs11.SessionHandle(a.num()), a.num(), pkcs11.ObjectHandle(a.num())
	if err := a.done(); err != nil {
		return packet{}, err
	}
	return with(c.mod.SignInit(session, []*pkcs11.Mechanism{pkcs11.NewMechanism(mechanism, nil)}, key), nil)
}

func (c *child) sign(a *args) (packet, error) {
	session, size, data := a.num(), a.num(), a.blob()
	if err := a.done(); err != nil {
		return packet{}, err
	}
	if size == 0 || size > maxSignature {
		return packet{}, message.NewError("no such size of a signature")
	}
	signature, err := c.mod.Sign(session, data, int(size))
	return with(err, func(f *fields) { f.blob(signature) })
}

func (c *child) generateKeyPair(a *args) (packet, error) {
	session, mechanism := pkcs11.SessionHandle(a.num()), a.num()
	public := a.attributes(a.num())
	private := a.attributes(a.num())
	if err := a.done(); err != nil {
		return packet{}, err
	}
	pub, priv, err := c.mod.GenerateKeyPair(session, []*pkcs11.Mechanism{pkcs11.NewMechanism(mechanism, nil)}, public, private)
	return with(err, func(f *fields) { f.num(uint(pub), uint(priv)) })
}
