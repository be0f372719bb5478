/* main: argv -> configuration -> server -> exit status. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "base/output.h"
#include "config/arguments.h"
#include "config/dump.h"
#include "config/load.h"
#include "config/option.h"
#include "control/words.h"
#include "daemon/daemon.h"
#include "daemon/upgrade.h"
#include "handover/version.h"

static int fail(const char *problem, int error)
{
    log_error("%s: %s", problem, strerror(-error));
    return EXIT_SYSTEM;
}

/* Loads the configuration or says all that is wrong with it. What is only a warning is kept for the
 * log where it is to be served, and otherwise said here. */
static int load(const struct arguments *arguments, struct problems *problems, struct config **ret)
{
    int error = config_load(&arguments->request, ret, problems);

    if (error < 0 || arguments->action == ACTION_CHECK || arguments->action == ACTION_DUMP)
        problems_print(problems, stderr);
    if (error < 0 && error != -EINVAL)
        fprintf(stderr, "stdinetd: %s\n", error == -ENOMEM ? "out of memory" : strerror(-error));
    return error == 0 ? EXIT_OK : error == -EINVAL ? EXIT_CONFIG : EXIT_SYSTEM;
}

/* What is done with a configuration, whose reference it takes. */
static int use(const struct arguments *arguments, struct config *config, struct daemon_start *start)
{
    bool serves = arguments->action == ACTION_SERVE;
    int status = EXIT_OK, error;

    if ((serves || arguments->action == ACTION_PROVE) && !start->adoption && arguments->daemonize &&
        config->daemon.log.kind == SETTINGS_LOG_STDERR) {
        fprintf(stderr, "stdinetd: cannot use log = stderr with --daemon\n");
        config_unref(config);
        return EXIT_CONFIG;
    }
    if (serves)
        return daemon_serve(config, start) < 0 ? EXIT_SYSTEM : EXIT_OK;
    if (arguments->action == ACTION_PROVE)
        status = upgrade_prove(arguments->prove, config, start);
    if (arguments->action == ACTION_DUMP && (error = config_dump(config, stdout)) < 0)
        status = fail("cannot dump", error);
    config_unref(config);
    return status;
}

static int run(const struct arguments *arguments, struct daemon_start *start)
{
    struct config *config;
    int status = EXIT_OK;

    start->request = &arguments->request;
    start->daemonize = arguments->daemonize;
    if (arguments->action == ACTION_HELP)
        arguments_help();
    else if (arguments->action == ACTION_VERSION)
        printf("stdinetd %s\n", version_text);
    else if (arguments->action == ACTION_LIST_OPTIONS)
        option_list(stdout);
    else if (arguments->action == ACTION_LIST_WORDS)
        words_list(stdout);
    else if ((status = load(arguments, &start->problems, &config)) == EXIT_OK ||
             upgrade_load_proven(start, &config) == 0)
        status = use(arguments, config, start);
    return status == EXIT_OK && output_finish("stdinetd") < 0 ? EXIT_SYSTEM : status;
}

int main(int argc, char *argv[])
{
    struct daemon_start start = {0};
    struct arguments arguments = {0};
    int error = daemon_begin(argv, &start), status;

    if (error < 0)
        return fail("cannot start", error);
    error = arguments_parse(argc, argv, &arguments);
    status = error == -EINVAL ? EXIT_USAGE
             : error < 0      ? fail("cannot start", error)
                              : run(&arguments, &start);
    arguments_free(&arguments);
    problems_free(&start.problems);
    upgrade_origin_close(&start.binary);
    log_close(1000);
    return status;
}
