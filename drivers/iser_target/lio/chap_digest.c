// SPDX-License-Identifier: GPL-2.0
/* Random numbers and hashes for CHAP, from the kernel's crypto. */

#include <crypto/hash.h>
#include <linux/random.h>
#include <linux/slab.h>

#include "chap_digest.h"

static const char *iser_tgt_chap_hash(u8 alg)
{
	switch (alg) {
	case ISER_TGT_CHAP_MD5:
		return "md5";
	case ISER_TGT_CHAP_SHA1:
		return "sha1";
	case ISER_TGT_CHAP_SHA256:
		return "sha256";
	case ISER_TGT_CHAP_SHA3_256:
		return "sha3-256";
	default:
		return NULL;
	}
}

/**
 * iser_tgt_chap_random - random bytes for a challenge
 * @buf: filled with the bytes
 * @len: how many
 *
 * Context: may sleep until the random number generator is ready.
 * Return: 0 or a negative errno.
 */
int iser_tgt_chap_random(u8 *buf, size_t len)
{
	return get_random_bytes_wait(buf, len);
}

/**
 * iser_tgt_chap_digest - a CHAP response: RFC 1994 4.1, RFC 7143 12.1.3
 * @alg: CHAP_A
 * @id: CHAP_I
 * @secret: the secret
 * @secret_len: bytes of it
 * @challenge: CHAP_C
 * @challenge_len: bytes of it
 * @out: the response
 *
 * Context: may sleep.
 * Return: its length in bytes, -EOPNOTSUPP if the kernel has no such hash, or
 * another negative errno.
 */
int iser_tgt_chap_digest(u8 alg, u8 id, const char *secret, size_t secret_len,
			 const u8 *challenge, size_t challenge_len,
			 u8 out[ISER_TGT_CHAP_DIGEST_MAX])
{
	const char *name = iser_tgt_chap_hash(alg);
	struct crypto_shash *tfm;
	struct shash_desc *desc;
	size_t desc_len;
	int ret;

	if (!name)
		return -EOPNOTSUPP;
	tfm = crypto_alloc_shash(name, 0, 0);
	if (IS_ERR(tfm))
		return PTR_ERR(tfm) == -ENOENT ? -EOPNOTSUPP : PTR_ERR(tfm);

	ret = -EOPNOTSUPP;
	if (crypto_shash_digestsize(tfm) > ISER_TGT_CHAP_DIGEST_MAX)
		goto free_tfm;

	desc_len = sizeof(*desc) + crypto_shash_descsize(tfm);
	desc = kzalloc(desc_len, GFP_KERNEL);
	ret = -ENOMEM;
	if (!desc)
		goto free_tfm;

	desc->tfm = tfm;
	ret = crypto_shash_init(desc) ?:
	      crypto_shash_update(desc, &id, sizeof(id)) ?:
	      crypto_shash_update(desc, secret, secret_len) ?:
	      crypto_shash_update(desc, challenge, challenge_len) ?:
	      crypto_shash_final(desc, out);
	if (!ret)
		ret = crypto_shash_digestsize(tfm);
	kfree_sensitive(desc);
free_tfm:
	crypto_free_shash(tfm);
	return ret;
}
