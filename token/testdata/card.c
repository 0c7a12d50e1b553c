/*
 * card plugs an emulated smart card into vpcd, the virtual reader of pcscd: the CAC card of
 * libcacard, whose certificates and keys are in an NSS database. It is what OpenSC is tried
 * with where there is no card. vpcd's protocol: a length in two bytes, most significant
 * first, then a command of the reader (one byte: 0 off, 1 on, 2 reset, 4 the ATR is asked
 * for) or an APDU; APDUs and the ATR are answered the same way.
 *
 * usage: card PORT OPTIONS, those of vcard_emul_options. Prints "plugged in".
 */
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <libcacard.h>

enum { OFF, ON, RESET, ATR = 4, VERIFY = 0x20 };

static int fd;

static void receive(void *p, size_t n)
{
	int one = 1;
	for (uint8_t *b = p; n > 0;) {
		ssize_t k = read(fd, b, n);
		if (k <= 0)
			exit(0);
		b += k;
		n -= k;
		setsockopt(fd, IPPROTO_TCP, TCP_QUICKACK, &one, sizeof one); /* vpcd sends in two parts */
	}
}

static void answer(const uint8_t *b, int n)
{
	static uint8_t out[2 + 65538];
	out[0] = n >> 8;
	out[1] = n;
	memcpy(out + 2, b, n);
	if (write(fd, out, n + 2) != n + 2)
		exit(0);
}

int main(int argc, char **argv)
{
	static uint8_t in[65536], out[65538];
	uint8_t atr[64], size[2];
	int atrlen = sizeof atr;
	VReader *r = NULL;

	if (argc != 3)
		return 2;
	if (vcard_emul_init(vcard_emul_options(argv[2])) != VCARD_EMUL_OK)
		return 1;
	while (r == NULL) {
		VEvent *e = vevent_wait_next_vevent();
		if (e->type == VEVENT_CARD_INSERT)
			r = vreader_reference(e->reader);
		vevent_delete(e);
	}
	vreader_power_on(r, atr, &atrlen);

	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(atoi(argv[1])), .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	fd = socket(AF_INET, SOCK_STREAM, 0);
	while (connect(fd, (struct sockaddr *)&to, sizeof to) != 0) {
		usleep(10000); /* pcscd is about to listen */
		close(fd);
		fd = socket(AF_INET, SOCK_STREAM, 0);
	}
	printf("plugged in\n");
	fflush(stdout);
	for (;;) {
		receive(size, 2);
		int n = size[0] << 8 | size[1], k = sizeof out, power = sizeof atr;
		receive(in, n);
		if (n == 1) {
			if (in[0] == OFF)
				vreader_power_off(r);
			else if (in[0] == ON || in[0] == RESET)
				vreader_power_on(r, out, &power);
			else if (in[0] == ATR)
				answer(atr, atrlen);
			continue;
		}
		if (vreader_xfr_bytes(r, in, n, out, &k) != VREADER_OK) {
			out[0] = 0x6f;
			out[1] = 0;
			k = 2;
		}
		/* Cards say 63 CX to a wrong PIN, libcacard something else. */
		if (n > 5 && in[1] == VERIFY && k == 2 && out[0] != 0x90) {
			out[0] = 0x63;
			out[1] = 0xc2;
		}
		answer(out, k);
	}
}
