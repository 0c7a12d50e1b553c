/* explorer.exe COMMAND-LINE: starts a program as Windows' Explorer does, with no standard
   input, output or error, under the name that programs look for in their parent. Ends with
   the exit code of the program. */
#include <windows.h>
#include <wchar.h>

int WINAPI wWinMain(HINSTANCE instance, HINSTANCE before, PWSTR command, int show)
{
    STARTUPINFOW start = { .cb = sizeof start, .dwFlags = STARTF_USESTDHANDLES };
    PROCESS_INFORMATION child;
    DWORD code = 125;

    (void)instance; (void)before; (void)show;
    if (!CreateProcessW(NULL, command, NULL, NULL, FALSE, 0, NULL, NULL, &start, &child))
        return 126;
    WaitForSingleObject(child.hProcess, INFINITE);
    GetExitCodeProcess(child.hProcess, &code);
    return (int)code;
}
