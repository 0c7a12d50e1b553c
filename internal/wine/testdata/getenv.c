/* A PKCS#11 module with one empty token, whose label is what the C library finds in
   SOFTHSM2_CONF. Structures are packed on Windows (PKCS#11 v2.40). */
#include <stdlib.h>
#include <string.h>

typedef unsigned long ul;

#pragma pack(push, 1)
struct info { char version[2], manufacturer[32]; ul flags; char description[32], library[2]; };
struct slot { char description[64], manufacturer[32]; ul flags; char versions[4]; };
struct token { char label[32], manufacturer[32], model[16], serial[16]; ul flags, numbers[10]; char versions[4], time[16]; };
struct functions { unsigned char major, minor; void *fn[68]; };
#pragma pack(pop)

static ul refuse(void) { return 0x54; /* CKR_FUNCTION_NOT_SUPPORTED */ }
static ul nothing(void) { return 0; }
static ul get_info(struct info *i)
{
    memset(i, ' ', sizeof *i);
    memset(i->version, 2, 2);
    i->flags = 0;
    return 0;
}
static ul slot_list(unsigned char present, ul *slots, ul *count)
{
    (void)present;
    if (slots)
        slots[0] = 0;
    *count = 1;
    return 0;
}
static ul slot_info(ul slot, struct slot *s)
{
    (void)slot;
    memset(s, ' ', sizeof *s);
    s->flags = 1; /* CKF_TOKEN_PRESENT */
    return 0;
}
static ul token_info(ul slot, struct token *t)
{
    const char *value = getenv("SOFTHSM2_CONF");
    size_t n = value ? strlen(value) : 0;
    (void)slot;
    memset(t, ' ', sizeof *t);
    memset(t->numbers, 0, sizeof t->numbers);
    t->flags = 0x400; /* CKF_TOKEN_INITIALIZED */
    memcpy(t->label, value ? value : "", n < sizeof t->label ? n : sizeof t->label);
    return 0;
}
static ul open_session(ul slot, ul flags, void *app, void *notify, ul *session)
{
    (void)slot, (void)flags, (void)app, (void)notify;
    *session = 1;
    return 0;
}
static ul no_objects(ul session, ul *objects, ul most, ul *count)
{
    (void)session, (void)objects, (void)most;
    *count = 0;
    return 0;
}

static struct functions list = { .major = 2, .minor = 40 };

__declspec(dllexport) ul C_GetFunctionList(struct functions **out)
{
    for (int n = 0; n < 68; n++)
        list.fn[n] = (void *)refuse;
    list.fn[0] = list.fn[1] = (void *)nothing; /* C_Initialize, C_Finalize */
    list.fn[2] = (void *)get_info;
    list.fn[4] = (void *)slot_list;
    list.fn[5] = (void *)slot_info;
    list.fn[6] = (void *)token_info;
    list.fn[12] = (void *)open_session;
    list.fn[13] = list.fn[26] = list.fn[28] = (void *)nothing; /* C_CloseSession, C_FindObjectsInit, C_FindObjectsFinal */
    list.fn[27] = (void *)no_objects;
    *out = &list;
    return 0;
}
