/* SPDX-License-Identifier: GPL-2.0 */
/* Values that are written to and read from configfs attributes. */
#ifndef ISER_TGT_CONFIG_VALUE_H
#define ISER_TGT_CONFIG_VALUE_H

#include <linux/compiler.h>
#include <linux/errno.h>
#include <linux/kstrtox.h>
#include <linux/string.h>
#include <linux/types.h>

/**
 * iser_tgt_config_len - length of a value without the newline that echo appends
 * @page: as written
 * @count: bytes of it
 *
 * Return: bytes.
 */
static inline size_t iser_tgt_config_len(const char *page, size_t count)
{
	return count && page[count - 1] == '\n' ? count - 1 : count;
}

/**
 * iser_tgt_config_text - copy a value without the newline that echo appends
 * @to: the copy, NUL-terminated
 * @size: bytes of @to
 * @page: as written
 * @count: bytes of it
 *
 * Return: length of the text, or -EINVAL if it does not fit; @to is not changed
 * then.
 */
static inline ssize_t iser_tgt_config_text(char *to, size_t size,
					   const char *page, size_t count)
{
	size_t len = iser_tgt_config_len(page, count);

	if (len >= size)
		return -EINVAL;

	memcpy(to, page, len);
	to[len] = '\0';
	return len;
}

/**
 * iser_tgt_config_number - store a number that must be within a range
 * @page: as written
 * @count: bytes of it
 * @base: as for kstrtou32()
 * @min: smallest number
 * @max: largest number
 * @field: set to the number; read without a lock
 *
 * Return: @count, or -EINVAL.
 */
static inline ssize_t iser_tgt_config_number(const char *page, size_t count,
					     unsigned int base, u32 min,
					     u32 max, u32 *field)
{
	u32 value;

	if (kstrtou32(page, base, &value) || value < min || value > max)
		return -EINVAL;

	WRITE_ONCE(*field, value);
	return count;
}

static inline const char *iser_tgt_yes_no(bool value)
{
	return value ? "Yes" : "No";
}

#endif
