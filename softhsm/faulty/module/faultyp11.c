/*
 * A PKCS#11 module that passes every call on to SoftHSM2, or to another module, and fails
 * on request.
 *
 * SoftHSM2 neither counts wrong PINs nor can be pulled out of a port. This module
 * stands in front of it, says that its slots are removable, and does what the files
 * in its own folder say. They are read at every call, so that another process (a
 * test, say) can change what happens while the module is in use:
 *
 *   real            path of the module to pass calls on to
 *   faults          one fault a line:
 *                     absent LABEL           the token is not in its slot (* for all)
 *                     pull FUNCTION LABEL    the token is taken out in the middle of
 *                                            the next FUNCTION, and stays absent
 *                     fail FUNCTION RV       FUNCTION returns RV without doing anything
 *                     crash FUNCTION         FUNCTION writes to address 0
 *                     exit FUNCTION CODE     FUNCTION calls exit(CODE)
 *                     print FUNCTION TEXT    FUNCTION prints TEXT to standard output
 *                                            and to standard error
 *                   FUNCTION may be "loading", which is when the library is loaded
 *   block.FUNCTION  a FIFO: FUNCTION writes a byte into it and waits until the file
 *                   is removed
 *   tries.LABEL     "MAX LEFT": wrong PINs are counted, LEFT goes down to 0 (locked)
 *                   and back to MAX with a right one
 *   counted         there are tries.LABEL
 *   keypad          the tokens have a keypad, and this is the PIN entered there
 *   odd             ways of modules that keep to the standard less than SoftHSM2, a line each:
 *                     no-locking       C_Initialize refuses locking flags (CKR_CANT_LOCK)
 *                     no-arguments     C_Initialize refuses any arguments
 *                     slots-anew       slots are numbered anew by each C_Initialize, and
 *                                      known only after C_GetSlotList
 *                     no-size-query    C_Sign refuses to tell the size of a signature
 *                     one-session      a token has one session
 *                     hidden-always    CKA_ALWAYS_AUTHENTICATE is not shown
 *                     hidden-modulus   CKA_MODULUS of private keys is not shown
 *                     mechanisms LIST  the token signs with these alone (hexadecimal, commas)
 *                     serial TEXT      every token says that this is its serial number
 *                     list-each        C_GetFunctionList gives each caller another list, and
 *                                      only the first can be used
 *                     swapped          every token says that it was initialised
 *                     same-slots       slots are removable where those of the module are
 *   logins          written: a line for each C_Login, C_SetPIN and C_InitToken that arrives
 *                   here: name, user type, return value, "null" where the PIN pointer was
 *   calls           written: a line for each C_Initialize and C_Finalize
 *   pid             written: the process that has loaded the module last
 *
 * The declarations are the few needed out of the standard (PKCS#11 v2.40).
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef unsigned long ulong_t;
typedef unsigned char byte_t;

enum {
	OK = 0x000, SLOT_ID_INVALID = 0x003, CANT_LOCK = 0x00A, MECHANISM_INVALID = 0x070, SESSION_COUNT = 0x0B1,
	ATTRIBUTE_TYPE_INVALID = 0x012, DEVICE_REMOVED = 0x032, ARGUMENTS_BAD = 0x007, GENERAL_ERROR = 0x005, BUFFER_TOO_SMALL = 0x150,
	PIN_INCORRECT = 0x0A0, PIN_LOCKED = 0x0A4, TOKEN_NOT_PRESENT = 0x0E0
};
enum { SLOT_TOKEN_PRESENT = 1, SLOT_REMOVABLE = 2, SLOT_HARDWARE = 4 };
enum {
	TOKEN_KEYPAD = 0x100, TOKEN_INITIALIZED = 0x400, TOKEN_COUNT_LOW = 0x10000, TOKEN_FINAL_TRY = 0x20000, TOKEN_LOCKED = 0x40000
};

struct version { byte_t major, minor; };
struct slot_info {
	byte_t description[64], manufacturer[32];
	ulong_t flags;
	struct version hardware, firmware;
};
struct token_info {
	byte_t label[32], manufacturer[32], model[16], serial[16];
	ulong_t flags, numbers[10];
	struct version hardware, firmware;
	byte_t time[16];
};
struct session_info { ulong_t slot, state, flags, error; };

/* Positions in CK_FUNCTION_LIST. */
enum {
	INITIALIZE = 0, FINALIZE = 1, GET_FUNCTION_LIST = 3, GET_SLOT_LIST = 4, GET_SLOT_INFO = 5, GET_TOKEN_INFO = 6,
	INIT_TOKEN = 9, INIT_PIN = 10, SET_PIN = 11, CREATE_OBJECT = 20, GENERATE_KEY_PAIR = 59,
	OPEN_SESSION = 12, CLOSE_SESSION = 13, CLOSE_ALL_SESSIONS = 14, GET_SESSION_INFO = 15, LOGIN = 18, LOGOUT = 19,
	GET_MECHANISM_LIST = 7, GET_ATTRIBUTE_VALUE = 24, FIND_OBJECTS_INIT = 26, SIGN_INIT = 42, SIGN = 43, FUNCTIONS = 68
};
struct list { struct version version; void *fn[FUNCTIONS]; };

typedef ulong_t (*fn1)(ulong_t);
typedef ulong_t (*fn2)(ulong_t, void *);
typedef ulong_t (*fn3)(ulong_t, void *, ulong_t);
typedef ulong_t (*fn4)(ulong_t, ulong_t, void *, ulong_t);
typedef ulong_t (*fn5)(ulong_t, ulong_t, void *, void *, void *);
typedef ulong_t (*fn_pins)(ulong_t, void *, ulong_t, void *, ulong_t);
typedef ulong_t (*fn_sign)(ulong_t, void *, ulong_t, void *, ulong_t *);
typedef ulong_t (*fn_pair)(ulong_t, void *, void *, ulong_t, void *, ulong_t, void *, void *);
typedef ulong_t (*fn_slots)(byte_t, ulong_t *, ulong_t *);

static struct list *real;
static struct list ours;
static char folder[3072];

/* ---- control files ---- */

static void control_path(char *out, size_t n, const char *name, const char *suffix)
{
	snprintf(out, n, "%s/%s%s", folder, name, suffix);
}

static FILE *control(const char *name, const char *suffix, const char *mode)
{
	char path[4096];
	control_path(path, sizeof path, name, suffix);
	return fopen(path, mode);
}

static int there(const char *name)
{
	char path[4096];
	control_path(path, sizeof path, name, "");
	return access(path, F_OK) == 0;
}

/* Finds a fault line "WORD FIRST SECOND"; first or second may be NULL for any. */
static int fault(const char *word, const char *first, const char *second, char *rest, size_t n)
{
	FILE *f = control("faults", "", "r");
	char line[512];
	int found = 0;
	if (!f)
		return 0;
	while (!found && fgets(line, sizeof line, f)) {
		/* A label is the rest of its line: it may hold blanks. */
		char *save, *w = strtok_r(line, " \n", &save), *a, *b;
		if (!w || strcmp(w, word))
			continue;
		a = strtok_r(NULL, strcmp(w, "absent") ? " \n" : "\n", &save);
		b = strtok_r(NULL, "\n", &save);
		if (!a)
			continue;
		if (first && strcmp(a, first) && strcmp(a, "*"))
			continue;
		if (second && (!b || (strcmp(b, second) && strcmp(b, "*"))))
			continue;
		found = 1;
		if (rest)
			snprintf(rest, n, "%s", b ? b : "");
	}
	fclose(f);
	return found;
}

static void add_fault(const char *word, const char *what)
{
	FILE *f = control("faults", "", "a");
	if (f) {
		fprintf(f, "%s %s\n", word, what);
		fclose(f);
	}
}

static void log_call(const char *name)
{
	FILE *f = control("calls", "", "a");
	if (f) {
		fprintf(f, "%s\n", name);
		fclose(f);
	}
}

static void log_login(const char *name, ulong_t user, ulong_t rv, int null)
{
	FILE *f = control("logins", "", "a");
	if (f) {
		fprintf(f, "%s %lu 0x%lx%s\n", name, user, rv, null ? " null" : "");
		fclose(f);
	}
}

/* Waits while block.FUNCTION is there. Opened for both, a FIFO does not wait for its reader. */
static void block(const char *function)
{
	char path[4096], c = 1;
	int fd;
	control_path(path, sizeof path, "block.", function);
	fd = open(path, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return;
	if (write(fd, &c, 1) == 1)
		while (access(path, F_OK) == 0)
			usleep(2000);
	close(fd);
}

/* ---- tokens ---- */

static int label_of(ulong_t slot, char label[33])
{
	struct token_info t;
	int n = 32;
	if (((fn2)real->fn[GET_TOKEN_INFO])(slot, &t) != OK)
		return 0;
	memcpy(label, t.label, 32);
	while (n > 0 && label[n - 1] == ' ')
		n--;
	label[n] = 0;
	return n > 0;
}

static int slot_of(ulong_t session, ulong_t *slot)
{
	struct session_info s;
	if (((fn2)real->fn[GET_SESSION_INFO])(session, &s) != OK)
		return 0;
	*slot = s.slot;
	return 1;
}

/* A token that is out has lost its sessions and its login. */
static int absent(ulong_t slot)
{
	char label[33];
	if (!label_of(slot, label) || !fault("absent", label, NULL, NULL, 0))
		return 0;
	((fn1)real->fn[CLOSE_ALL_SESSIONS])(slot);
	return 1;
}

/* What every call does first; OK lets it go on. */
static ulong_t before(const char *function)
{
	char rv[64], text[256];
	block(function);
	if (fault("print", function, NULL, text, sizeof text)) {
		printf("%s\n", text);
		fprintf(stderr, "%s\n", text);
	}
	if (fault("crash", function, NULL, NULL, 0))
		*(volatile int *)0 = 1;
	if (fault("exit", function, NULL, rv, sizeof rv))
		exit(atoi(rv));
	if (fault("fail", function, NULL, rv, sizeof rv))
		return strtoul(rv, NULL, 0);
	return OK;
}

static ulong_t before_session(const char *function, ulong_t session)
{
	ulong_t slot, rv = before(function);
	char label[33];
	if (rv != OK || !there("faults") || !slot_of(session, &slot))
		return rv;
	if (label_of(slot, label) && fault("pull", function, label, NULL, 0))
		add_fault("absent", label);
	return absent(slot) ? DEVICE_REMOVED : OK;
}

static int tries(const char *label, int *max, int *left)
{
	FILE *f = control("tries.", label, "r");
	int n;
	if (!f)
		return 0;
	n = fscanf(f, "%d %d", max, left);
	fclose(f);
	return n == 2;
}

/* Counts one attempt at a PIN. */
static ulong_t attempt(ulong_t session, ulong_t (*call)(void *), void *args)
{
	ulong_t slot, rv;
	char label[33];
	int max, left, counted;
	counted = there("counted") && slot_of(session, &slot) && label_of(slot, label) && tries(label, &max, &left);
	if (counted && left <= 0)
		return PIN_LOCKED;
	rv = call(args);
	if (counted && (rv == PIN_INCORRECT || rv == OK)) {
		FILE *f = control("tries.", label, "w");
		left = rv == OK ? max : left - 1;
		if (f) {
			fprintf(f, "%d %d\n", max, left);
			fclose(f);
		}
	}
	return rv;
}

static int keypad(char *pin, size_t n)
{
	FILE *f = control("keypad", "", "r");
	if (!f)
		return 0;
	if (!fgets(pin, n, f))
		pin[0] = 0;
	pin[strcspn(pin, "\n")] = 0;
	fclose(f);
	return 1;
}

/* ---- oddities ---- */

static int odd(const char *what, char *rest, size_t n)
{
	FILE *f = control("odd", "", "r");
	char line[512];
	size_t len = strlen(what);
	int found = 0;
	if (!f)
		return 0;
	while (!found && fgets(line, sizeof line, f)) {
		line[strcspn(line, "\n")] = 0;
		if (strncmp(line, what, len) || (line[len] && line[len] != ' '))
			continue;
		found = 1;
		if (rest)
			snprintf(rest, n, "%s", line[len] ? line + len + 1 : "");
	}
	fclose(f);
	return found;
}

/* Slots as we number them are those of SoftHSM2 plus an offset. */
static ulong_t offset;
static int listed;
static int sessions;

static int known_slot(ulong_t *slot)
{
	if (!odd("slots-anew", NULL, 0))
		return 1;
	if (!listed || *slot < offset)
		return 0;
	*slot -= offset;
	return 1;
}

static int signs_with(ulong_t mechanism)
{
	char text[256], *save, *w;
	if (!odd("mechanisms", text, sizeof text))
		return 1;
	for (w = strtok_r(text, ",", &save); w; w = strtok_r(NULL, ",", &save))
		if (strtoul(w, NULL, 16) == mechanism)
			return 1;
	return 0;
}

/* ---- functions ---- */

static ulong_t our_initialize(void *args)
{
	ulong_t rv = before("C_Initialize");
	log_call("C_Initialize");
	ulong_t *flags = args ? (ulong_t *)((void **)args + 4) : NULL;
	if (rv == OK && args && odd("no-arguments", NULL, 0))
		rv = ARGUMENTS_BAD;
	if (rv == OK && args && (*flags & 2) && odd("no-locking", NULL, 0))
		rv = CANT_LOCK;
	if (rv == OK)
		rv = ((ulong_t (*)(void *))real->fn[INITIALIZE])(args);
	if (rv == OK) {
		listed = sessions = 0;
		offset += 1000;
	}
	return rv;
}

static ulong_t our_finalize(void *args)
{
	log_call("C_Finalize");
	return ((ulong_t (*)(void *))real->fn[FINALIZE])(args);
}

static ulong_t our_get_function_list(struct list **out);

static ulong_t our_get_slot_list(byte_t present, ulong_t *out, ulong_t *count)
{
	ulong_t all[256], n = 256, i, kept = 0, rv = before("C_GetSlotList");
	if (rv != OK)
		return rv;
	/* SoftHSM adds its blank slot when asked without a list. */
	rv = ((fn_slots)real->fn[GET_SLOT_LIST])(present, NULL, &n);
	n = 256;
	if (rv == OK)
		rv = ((fn_slots)real->fn[GET_SLOT_LIST])(present, all, &n);
	if (rv != OK)
		return rv;
	for (i = 0; i < n; i++)
		if (!present || !absent(all[i]))
			all[kept++] = all[i];
	listed = 1;
	if (odd("slots-anew", NULL, 0))
		for (i = 0; i < kept; i++)
			all[i] += offset;
	if (out && *count < kept)
		rv = BUFFER_TOO_SMALL;
	else if (out)
		memcpy(out, all, kept * sizeof *all);
	*count = kept;
	return rv;
}

static ulong_t our_get_slot_info(ulong_t slot, struct slot_info *info)
{
	ulong_t rv = before("C_GetSlotInfo");
	if (rv == OK && !known_slot(&slot))
		rv = SLOT_ID_INVALID;
	if (rv == OK)
		rv = ((fn2)real->fn[GET_SLOT_INFO])(slot, info);
	if (rv != OK)
		return rv;
	if (!odd("same-slots", NULL, 0))
		info->flags |= SLOT_REMOVABLE | SLOT_HARDWARE;
	if (absent(slot))
		info->flags &= ~(ulong_t)SLOT_TOKEN_PRESENT;
	return OK;
}

static ulong_t our_get_token_info(ulong_t slot, struct token_info *info)
{
	ulong_t rv = before("C_GetTokenInfo");
	char label[33], pin[128];
	char serial[64];
	int max, left;
	if (rv == OK && !known_slot(&slot))
		rv = SLOT_ID_INVALID;
	if (rv == OK && absent(slot))
		return TOKEN_NOT_PRESENT;
	if (rv == OK)
		rv = ((fn2)real->fn[GET_TOKEN_INFO])(slot, info);
	if (rv != OK)
		return rv;
	if (odd("serial", serial, sizeof serial)) {
		memset(info->serial, ' ', sizeof info->serial);
		memcpy(info->serial, serial, strlen(serial) < 16 ? strlen(serial) : 16);
	}
	if (odd("swapped", NULL, 0))
		info->flags |= TOKEN_INITIALIZED;
	if (odd("one-session", NULL, 0))
		info->numbers[0] = info->numbers[2] = 1;
	if (keypad(pin, sizeof pin))
		info->flags |= TOKEN_KEYPAD;
	if (label_of(slot, label) && tries(label, &max, &left)) {
		info->flags &= ~(ulong_t)(TOKEN_COUNT_LOW | TOKEN_FINAL_TRY | TOKEN_LOCKED);
		if (left < max)
			info->flags |= TOKEN_COUNT_LOW;
		if (left == 1)
			info->flags |= TOKEN_FINAL_TRY;
		if (left <= 0)
			info->flags |= TOKEN_LOCKED;
	}
	return OK;
}

static ulong_t our_open_session(ulong_t slot, ulong_t flags, void *app, void *notify, void *session)
{
	ulong_t rv = before("C_OpenSession");
	if (rv == OK && !known_slot(&slot))
		rv = SLOT_ID_INVALID;
	if (rv == OK && absent(slot))
		return TOKEN_NOT_PRESENT;
	if (rv == OK && sessions > 0 && odd("one-session", NULL, 0))
		rv = SESSION_COUNT;
	if (rv == OK)
		rv = ((fn5)real->fn[OPEN_SESSION])(slot, flags, app, notify, session);
	if (rv == OK)
		sessions++;
	return rv;
}

static ulong_t our_close_session(ulong_t session)
{
	ulong_t rv = ((fn1)real->fn[CLOSE_SESSION])(session);
	if (rv == OK)
		sessions--;
	return rv;
}

static ulong_t our_get_mechanism_list(ulong_t slot, ulong_t *out, ulong_t *count)
{
	ulong_t all[512], n = 512, i, kept = 0, rv = before("C_GetMechanismList");
	if (rv == OK && !known_slot(&slot))
		rv = SLOT_ID_INVALID;
	if (rv == OK)
		rv = ((ulong_t (*)(ulong_t, ulong_t *, ulong_t *))real->fn[GET_MECHANISM_LIST])(slot, all, &n);
	if (rv != OK)
		return rv;
	for (i = 0; i < n; i++)
		if (signs_with(all[i]))
			all[kept++] = all[i];
	if (out && *count < kept)
		rv = BUFFER_TOO_SMALL;
	else if (out)
		memcpy(out, all, kept * sizeof *all);
	*count = kept;
	return rv;
}

static ulong_t our_get_session_info(ulong_t session, void *info)
{
	ulong_t rv = before_session("C_GetSessionInfo", session);
	if (rv == OK)
		rv = ((fn2)real->fn[GET_SESSION_INFO])(session, info);
	if (rv == OK && odd("slots-anew", NULL, 0))
		((struct session_info *)info)->slot += offset;
	return rv;
}

struct login_args { ulong_t session, user; void *pin; ulong_t n; };

static ulong_t real_login(void *p)
{
	struct login_args *a = p;
	return ((fn4)real->fn[LOGIN])(a->session, a->user, a->pin, a->n);
}

static ulong_t our_login(ulong_t session, ulong_t user, void *pin, ulong_t n)
{
	struct login_args a = { session, user, pin, n };
	char entered[128];
	ulong_t rv = before_session("C_Login", session);
	if (rv == OK && keypad(entered, sizeof entered)) {
		if (pin)
			rv = ARGUMENTS_BAD;
		a.pin = entered;
		a.n = strlen(entered);
	}
	if (rv == OK)
		rv = attempt(session, real_login, &a);
	log_login("C_Login", user, rv, pin == NULL);
	return rv;
}

struct pin_args { ulong_t session; void *old; ulong_t old_n; void *new; ulong_t new_n; };

static ulong_t real_set_pin(void *p)
{
	struct pin_args *a = p;
	return ((fn_pins)real->fn[SET_PIN])(a->session, a->old, a->old_n, a->new, a->new_n);
}

static ulong_t our_set_pin(ulong_t session, void *old, ulong_t old_n, void *new, ulong_t new_n)
{
	struct pin_args a = { session, old, old_n, new, new_n };
	ulong_t rv = before_session("C_SetPIN", session);
	if (rv == OK)
		rv = attempt(session, real_set_pin, &a);
	log_login("C_SetPIN", 1, rv, old == NULL);
	return rv;
}

static ulong_t our_logout(ulong_t session)
{
	ulong_t rv = before_session("C_Logout", session);
	return rv != OK ? rv : ((fn1)real->fn[LOGOUT])(session);
}

struct attribute { ulong_t type; void *value; ulong_t n; };

static int is_private_key(ulong_t session, ulong_t object)
{
	ulong_t class = 0;
	struct attribute a = { 0, &class, sizeof class };
	return ((fn4)real->fn[GET_ATTRIBUTE_VALUE])(session, object, &a, 1) == OK && class == 3;
}

static ulong_t our_get_attribute_value(ulong_t session, ulong_t object, struct attribute *attributes, ulong_t n)
{
	ulong_t rv = before_session("C_GetAttributeValue", session);
	if (rv == OK && n == 1 && attributes->type == 0x202 && odd("hidden-always", NULL, 0))
		return ATTRIBUTE_TYPE_INVALID;
	if (rv == OK && n == 1 && attributes->type == 0x120 && is_private_key(session, object) && odd("hidden-modulus", NULL, 0))
		return ATTRIBUTE_TYPE_INVALID;
	return rv != OK ? rv : ((fn4)real->fn[GET_ATTRIBUTE_VALUE])(session, object, attributes, n);
}

static ulong_t our_find_objects_init(ulong_t session, void *attributes, ulong_t n)
{
	ulong_t rv = before_session("C_FindObjectsInit", session);
	return rv != OK ? rv : ((fn3)real->fn[FIND_OBJECTS_INIT])(session, attributes, n);
}

static ulong_t our_sign_init(ulong_t session, void *mechanism, ulong_t key)
{
	ulong_t rv = before_session("C_SignInit", session);
	if (rv == OK && !signs_with(*(ulong_t *)mechanism))
		rv = MECHANISM_INVALID;
	return rv != OK ? rv : ((fn3)real->fn[SIGN_INIT])(session, mechanism, key);
}

static ulong_t our_sign(ulong_t session, void *data, ulong_t n, void *signature, ulong_t *signature_n)
{
	ulong_t rv = before_session("C_Sign", session);
	if (rv == OK && !signature && odd("no-size-query", NULL, 0))
		rv = ARGUMENTS_BAD;
	return rv != OK ? rv : ((fn_sign)real->fn[SIGN])(session, data, n, signature, signature_n);
}

static ulong_t our_init_token(ulong_t slot, void *pin, ulong_t n, void *label)
{
	ulong_t rv = before("C_InitToken");
	if (rv == OK && !known_slot(&slot))
		rv = SLOT_ID_INVALID;
	if (rv == OK)
		rv = ((ulong_t (*)(ulong_t, void *, ulong_t, void *))real->fn[INIT_TOKEN])(slot, pin, n, label);
	log_login("C_InitToken", 0, rv, pin == NULL);
	return rv;
}

static ulong_t our_init_pin(ulong_t session, void *pin, ulong_t n)
{
	ulong_t rv = before_session("C_InitPIN", session);
	return rv != OK ? rv : ((fn3)real->fn[INIT_PIN])(session, pin, n);
}

static ulong_t our_create_object(ulong_t session, void *attributes, ulong_t n, void *object)
{
	ulong_t rv = before_session("C_CreateObject", session);
	return rv != OK ? rv : ((ulong_t (*)(ulong_t, void *, ulong_t, void *))real->fn[CREATE_OBJECT])(session, attributes, n, object);
}

static ulong_t our_generate_key_pair(ulong_t session, void *mechanism, void *pub, ulong_t pub_n, void *priv, ulong_t priv_n, void *a, void *b)
{
	ulong_t rv = before_session("C_GenerateKeyPair", session);
	return rv != OK ? rv : ((fn_pair)real->fn[GENERATE_KEY_PAIR])(session, mechanism, pub, pub_n, priv, priv_n, a, b);
}

static int find_folder(void)
{
	Dl_info self;
	char *slash;
	if (!dladdr((void *)&find_folder, &self) || !realpath(self.dli_fname, folder) || !(slash = strrchr(folder, '/')))
		return 0;
	*slash = 0;
	return 1;
}

__attribute__((constructor)) static void while_loading(void)
{
	FILE *f;
	if (!find_folder())
		return;
	if ((f = control("pid", "", "w"))) {
		fprintf(f, "%d\n", (int)getpid());
		fclose(f);
	}
	before("loading");
}

static ulong_t load(void)
{
	char path[3072];
	FILE *f;
	void *h;
	ulong_t (*get)(struct list **);
	f = control("real", "", "r");
	if (!f)
		return GENERAL_ERROR;
	if (!fgets(path, sizeof path, f))
		path[0] = 0;
	fclose(f);
	path[strcspn(path, "\n")] = 0;
	h = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	if (!h || !(get = (ulong_t (*)(struct list **))dlsym(h, "C_GetFunctionList")) || get(&real) != OK)
		return GENERAL_ERROR;
	ours = *real;
	ours.fn[INITIALIZE] = our_initialize;
	ours.fn[FINALIZE] = our_finalize;
	ours.fn[GET_FUNCTION_LIST] = our_get_function_list;
	ours.fn[GET_SLOT_LIST] = our_get_slot_list;
	ours.fn[GET_SLOT_INFO] = our_get_slot_info;
	ours.fn[GET_TOKEN_INFO] = our_get_token_info;
	ours.fn[INIT_TOKEN] = our_init_token;
	ours.fn[INIT_PIN] = our_init_pin;
	ours.fn[SET_PIN] = our_set_pin;
	ours.fn[CREATE_OBJECT] = our_create_object;
	ours.fn[GENERATE_KEY_PAIR] = our_generate_key_pair;
	ours.fn[OPEN_SESSION] = our_open_session;
	ours.fn[CLOSE_SESSION] = our_close_session;
	ours.fn[GET_MECHANISM_LIST] = our_get_mechanism_list;
	ours.fn[GET_SESSION_INFO] = our_get_session_info;
	ours.fn[LOGIN] = our_login;
	ours.fn[LOGOUT] = our_logout;
	ours.fn[GET_ATTRIBUTE_VALUE] = our_get_attribute_value;
	ours.fn[FIND_OBJECTS_INIT] = our_find_objects_init;
	ours.fn[SIGN_INIT] = our_sign_init;
	ours.fn[SIGN] = our_sign;
	return OK;
}

static int lists;
static ulong_t not_initialized(void) { return 0x190; }

static ulong_t our_get_function_list(struct list **out)
{
	int n;
	if (!real) {
		ulong_t rv = load();
		if (rv != OK)
			return rv;
	}
	*out = &ours;
	if (odd("list-each", NULL, 0)) {
		/* As p11-kit's modules do: what one list initialises is nothing to another. */
		struct list *l = malloc(sizeof *l);
		if (!l)
			return GENERAL_ERROR;
		*l = ours;
		if (lists++ > 0)
			for (n = 0; n < FUNCTIONS; n++)
				if (n != GET_FUNCTION_LIST)
					l->fn[n] = not_initialized;
		*out = l;
	}
	return OK;
}

ulong_t C_GetFunctionList(struct list **out) { return our_get_function_list(out); }
