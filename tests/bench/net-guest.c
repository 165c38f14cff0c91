/*
 * The network benchmark's program, at both ends:
 *
 *   net-guest               as /init: measures, tells the console, ends
 *   net-guest host ADDRESS  on the host: takes, gives and returns
 *
 * What is measured is told by the guest's clock: MiB a second of TCP in each
 * direction, and microseconds from a ping to its answer.
 */
#include <arpa/inet.h>
#include <net/if.h>
#include <netinet/ip_icmp.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/reboot.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define SINK   9001
#define SOURCE 9002

#define MIB   (1 << 20)
#define BYTES (32l * MIB)
#define PINGS 1000

static char buffer[64 << 10];

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static struct sockaddr_in place(const char *address, int port)
{
	struct sockaddr_in place = { .sin_family = AF_INET,
				     .sin_port = htons((uint16_t)port) };

	inet_aton(address, &place.sin_addr);
	return place;
}

static void send_all(int fd)
{
	for (long left = BYTES; left > 0;) {
		ssize_t done = write(fd, buffer, sizeof(buffer));

		if (done <= 0)
			return;
		left -= done;
	}
}

static void receive_all(int fd)
{
	while (read(fd, buffer, sizeof(buffer)) > 0)
		;
}

/* ---- the host ---- */

static void serve(const char *address, int port)
{
	struct sockaddr_in here = place(address, port);
	int listener = socket(AF_INET, SOCK_STREAM, 0), fd, on = 1;

	setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (bind(listener, (struct sockaddr *)&here, sizeof(here)) < 0 ||
	    listen(listener, 4) < 0) {
		perror("net-guest host");
		_exit(1);
	}
	while ((fd = accept(listener, NULL, NULL)) >= 0) {
		if (port == SINK) {
			receive_all(fd);
			(void)!write(fd, "x", 1);
		} else {
			send_all(fd);
		}
		close(fd);
	}
}

/* ---- the guest ---- */

static int open_connection(int port)
{
	struct sockaddr_in host = place("10.8.0.1", port);
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	while (connect(fd, (struct sockaddr *)&host, sizeof(host)) < 0)
		usleep(10000);
	return fd;
}

/* Until the host has taken all, and says so */
static double send_rate(void)
{
	int fd = open_connection(SINK);
	double start = now();

	send_all(fd);
	shutdown(fd, SHUT_WR);
	(void)!read(fd, buffer, 1);
	close(fd);
	return BYTES / MIB / (now() - start);
}

static double receive_rate(void)
{
	int fd = open_connection(SOURCE);
	double start = now();

	receive_all(fd);
	close(fd);
	return BYTES / MIB / (now() - start);
}

static uint16_t checksum(const void *data, size_t size)
{
	const uint16_t *words = data;
	uint32_t sum = 0;

	for (size_t i = 0; i < size / 2; i++)
		sum += words[i];
	sum = (sum >> 16) + (sum & 0xffff);
	return (uint16_t) ~(sum + (sum >> 16));
}

/* Microseconds, on the average: the kernels answer, and no program. */
static double ping(void)
{
	struct sockaddr_in host = place("10.8.0.1", 0);
	int fd = socket(AF_INET, SOCK_RAW, IPPROTO_ICMP);
	double start = now();

	for (uint16_t i = 0; i < PINGS; i++) {
		struct {
			struct icmphdr header;
			char data[56];
		} packet = { .header = { .type = ICMP_ECHO,
					 .un.echo.sequence = htons(i) } };

		packet.header.checksum = checksum(&packet, sizeof(packet));
		sendto(fd, &packet, sizeof(packet), 0, (struct sockaddr *)&host,
		       sizeof(host));
		do
			recv(fd, buffer, sizeof(buffer), 0);
		while (buffer[20] != ICMP_ECHOREPLY ||
		       memcmp(buffer + 26, &packet.header.un.echo.sequence, 2));
	}
	close(fd);
	return (now() - start) / PINGS * 1e6;
}

static void set_up_card(void)
{
	struct ifreq request = { .ifr_name = "eth0" };
	struct sockaddr_in own = place("10.8.0.2", 0);
	struct sockaddr_in mask = place("255.255.255.0", 0);
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	memcpy(&request.ifr_addr, &own, sizeof(own));
	ioctl(fd, SIOCSIFADDR, &request);
	memcpy(&request.ifr_netmask, &mask, sizeof(mask));
	ioctl(fd, SIOCSIFNETMASK, &request);
	ioctl(fd, SIOCGIFFLAGS, &request);
	request.ifr_flags |= IFF_UP;
	ioctl(fd, SIOCSIFFLAGS, &request);
	close(fd);
}

int main(int argc, char **argv)
{
	signal(SIGPIPE, SIG_IGN);
	if (argc == 3) {
		if (fork() == 0)
			serve(argv[2], SINK);
		serve(argv[2], SOURCE);
		return 1;
	}
	set_up_card();
	ping(); /* ARP, and all that is new the first time */
	printf("\nnet ping us %.1f\n", ping());
	printf("net send MiB/s %.1f\n", send_rate());
	printf("net receive MiB/s %.1f\n", receive_rate());
	fflush(stdout);
	reboot(RB_AUTOBOOT);
	return 0;
}
