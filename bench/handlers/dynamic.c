/* dynamic: a C program as most are: ld.so, libc, main. */
#include <unistd.h>

int main(void)
{
    return write(STDOUT_FILENO, "ok\n", 3) == 3 ? 0 : 1;
}
