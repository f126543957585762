/* SPDX-License-Identifier: GPL-2.0 */
/* Where it was declared before 6.7. */
#include <crypto/algapi.h>
