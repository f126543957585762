/* SPDX-License-Identifier: GPL-2.0 */
/* Its name before 6.12. */
#include <asm/unaligned.h>
