// SPDX-License-Identifier: GPL-2.0
/* iprofctl start|stop: execute the marks that iprof.c detects; no-ops without the plugin */
#include <string.h>

int main(int argc, char **argv)
{
	if (argc != 2)
		return 2;
	if (!strcmp(argv[1], "start"))
		__asm__ volatile(".byte 0x0f,0x1f,0x80,0x01,0xc0,0xe0,0x15");
	else
		__asm__ volatile(".byte 0x0f,0x1f,0x80,0x02,0xc0,0xe0,0x15");
	return 0;
}
