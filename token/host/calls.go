package host

// op is a call of the protocol.
type op uint64

const (
	opHello op = iota
	opLoad
	opInitialize
	opFinalize
	opGetInfo
	opGetSlotList
	opGetSlotInfo
	opGetTokenInfo
	opGetMechanismList
	opInitToken
	opInitPIN
	opSetPIN
	opOpenSession
	opCloseSession
	opLogin
	opLogout
	opGetSessionInfo
	opCreateObject
	opDestroyObject
	opGetAttributes
	opFindObjects
	opSignInit
	opSign
	opGenerateKeyPair
	opWrap
	opWrappedKey
	opWrappedSign
	opUnwrap
	opCount
)

// call is what both sides know of a call.
type call struct {
	name    string
	patient bool // may wait for a person (a keypad, a touch) or a slow key generator: no deadline
	secret  bool // carries a PIN: what the module prints meanwhile is not passed on
	do      func(*child, *args) (packet, error)
}

// calls is filled by init: its functions refer to it.
var calls [opCount]call

func callTable() [opCount]call {
	return [opCount]call{
		opHello:            {name: "starting", do: (*child).hello},
		opLoad:             {name: "loading", do: (*child).load},
		opInitialize:       {name: "C_Initialize", do: (*child).initialize},
		opFinalize:         {name: "C_Finalize", do: (*child).finalize},
		opGetInfo:          {name: "C_GetInfo", do: (*child).getInfo},
		opGetSlotList:      {name: "C_GetSlotList", do: (*child).getSlotList},
		opGetSlotInfo:      {name: "C_GetSlotInfo", do: (*child).getSlotInfo},
		opGetTokenInfo:     {name: "C_GetTokenInfo", do: (*child).getTokenInfo},
		opGetMechanismList: {name: "C_GetMechanismList", do: (*child).getMechanismList},
		opInitToken:        {name: "C_InitToken", patient: true, secret: true, do: (*child).initToken},
		opInitPIN:          {name: "C_InitPIN", patient: true, secret: true, do: (*child).initPIN},
		opSetPIN:           {name: "C_SetPIN", patient: true, secret: true, do: (*child).setPIN},
		opOpenSession:      {name: "C_OpenSession", do: (*child).openSession},
		opCloseSession:     {name: "C_CloseSession", do: (*child).closeSession},
		opLogin:            {name: "C_Login", patient: true, secret: true, do: (*child).login},
		opLogout:           {name: "C_Logout", do: (*child).logout},
		opGetSessionInfo:   {name: "C_GetSessionInfo", do: (*child).getSessionInfo},
		opCreateObject:     {name: "C_CreateObject", secret: true, do: (*child).createObject},
		opDestroyObject:    {name: "C_DestroyObject", do: (*child).destroyObject},
		opGetAttributes:    {name: "C_GetAttributeValue", do: (*child).getAttributes},
		opFindObjects:      {name: "C_FindObjects", do: (*child).findObjects},
		opSignInit:         {name: "C_SignInit", patient: true, do: (*child).signInit},
		opSign:             {name: "C_Sign", patient: true, do: (*child).sign},
		opGenerateKeyPair:  {name: "C_GenerateKeyPair", patient: true, do: (*child).generateKeyPair},
		opWrap:             {name: "opening the token for crypto11", do: (*child).wrap},
		opWrappedKey:       {name: "looking for the key through crypto11", do: (*child).wrappedKey},
		opWrappedSign:      {name: "C_Sign", patient: true, do: (*child).wrappedSign},
		opUnwrap:           {name: "closing the token for crypto11", do: (*child).unwrap},
	}
}

func (o op) String() string {
	if o < opCount {
		return calls[o].name
	}
	return "an unknown call"
}

// args takes the fields of a message in order; a field that is missing makes it bad.
type args struct {
	packet
	n, b int
	bad  bool
}

func (a *args) num() uint {
	if a.n >= len(a.nums) {
		a.bad = true
		return 0
	}
	a.n++
	return uint(a.nums[a.n-1])
}

func (a *args) blob() []byte {
	if a.b >= len(a.blobs) {
		a.bad = true
		return nil
	}
	a.b++
	return a.blobs[a.b-1]
}

// pin takes a PIN: nil, which is the null pointer, where the number in front says so.
func (a *args) pin() []byte {
	given, pin := a.num() != 0, a.blob()
	if !given {
		return nil
	}
	return pin
}

// rest takes the numbers that are left.
func (a *args) rest() []uint {
	var all []uint
	for a.n < len(a.nums) {
		all = append(all, a.num())
	}
	return all
}

// fields puts a message together.
type fields struct{ packet }

func (f *fields) num(ns ...uint) *fields {
	for _, n := range ns {
		f.nums = append(f.nums, uint64(n))
	}
	return f
}

func (f *fields) blob(bs ...[]byte) *fields {
	f.blobs = append(f.blobs, bs...)
	return f
}

func (f *fields) text(ss ...string) *fields {
	for _, s := range ss {
		f.blobs = append(f.blobs, []byte(s))
	}
	return f
}

func (f *fields) pin(pin []byte) *fields {
	return f.num(flag(pin != nil)).blob(pin)
}

func flag(b bool) uint {
	if b {
		return 1
	}
	return 0
}
