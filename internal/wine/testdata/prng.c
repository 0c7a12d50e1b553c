/* bcryptprimitives.dll, which Go's runtime takes its random numbers from and Debian's Wine does
   not have: the one function that is asked for, by the one that Wine has. */
#include <windows.h>

BOOLEAN NTAPI SystemFunction036(PVOID, ULONG); /* RtlGenRandom, in advapi32.dll */

__declspec(dllexport) BOOL WINAPI ProcessPrng(BYTE *out, SIZE_T length)
{
    return SystemFunction036(out, (ULONG)length);
}
