/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A boot sector: reads 16 sectors from LBA 2048 by the BIOS, writes them to LBA
 * 4096, prints them to the first serial port up to the first NUL, and ends QEMU
 * through isa-debug-exit. Its exit status is 1 after that, 3 after an error.
 */
	.code16
	.globl	_start
_start:	ljmp	$0, $1f
1:	xorw	%ax, %ax
	movw	%ax, %ds
	movw	%ax, %es
	movw	%ax, %ss
	movw	$0x7c00, %sp

	/* INT 13h, extended read and extended write; the BIOS has left the drive in DL */
	movw	$packet, %si
	movb	$0x42, %ah
	int	$0x13
	jc	error
	movw	$4096, lba
	movw	$packet, %si
	movw	$0x4300, %ax
	int	$0x13
	jc	error

	movw	$buffer, %si
next:	lodsb
	testb	%al, %al
	jz	done
	movw	$0x3f8, %dx
	outb	%al, %dx
	jmp	next

done:	xorb	%al, %al
	jmp	end
error:	movb	$1, %al
end:	outb	%al, $0xf4
2:	hlt
	jmp	2b

	.balign	4
packet:	.byte	16, 0
	.word	16
	.word	buffer, 0
lba:	.long	2048, 0

	.org	510
	.word	0xaa55
	.set	buffer, 0x8000
