#include "pjrt.h"

#include <dlfcn.h>
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

#include "_cgo_export.h"

static pjrt_table *table; // of the watched plugin
static pjrt_function *own_compile;

static pjrt_error *compile(void *arguments) { return compileProgram(arguments); }

int pjrt_watch(const char *path) {
	void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL | RTLD_NOLOAD);
	if (library == NULL) {
		return 0;
	}
	pjrt_table *(*get)(void) = (pjrt_table * (*)(void)) dlsym(library, "GetPjrtApi");
	pjrt_table *found = get == NULL ? NULL : get();
	if (found == NULL || found->major != 0 || found->size < sizeof(pjrt_table) || (table != NULL && table != found)) {
		dlclose(library);
		return 0;
	}
	if (table != NULL) {
		dlclose(library);
		return 1;
	}
	pjrt_function **entry = &found->functions[pjrt_client_compile];
	uintptr_t page = sysconf(_SC_PAGESIZE);
	if (mprotect((void *)((uintptr_t)entry & ~(page - 1)), page, PROT_READ | PROT_WRITE) != 0) {
		dlclose(library);
		return 0;
	}
	own_compile = *entry;
	table = found; // the library stays open
	*entry = compile;
	return 1;
}

// call calls a function of the table. It returns whether it succeeded.
static int call(int function, void *arguments) {
	pjrt_error *error = table->functions[function](arguments);
	if (error == NULL) {
		return 1;
	}
	struct {
		size_t size;
		void *extensions;
		pjrt_error *error;
	} destroy = {sizeof destroy, NULL, error};
	table->functions[pjrt_error_destroy](&destroy);
	return 0;
}

pjrt_error *pjrt_compile(pjrt_compile_arguments *arguments) { return own_compile(arguments); }

int pjrt_serialize(void *loaded, pjrt_bytes *bytes) {
	struct {
		size_t size;
		void *extensions, *loaded, *executable;
	} get = {sizeof get, NULL, loaded, NULL};
	if (!call(pjrt_loaded_executable_get_executable, &get)) {
		return 0;
	}
	struct {
		size_t size;
		void *extensions, *executable;
		const char *data;
		size_t data_size;
		void *owner;
		void (*release)(void *owner);
	} serialize = {sizeof serialize, NULL, get.executable};
	int done = call(pjrt_executable_serialize, &serialize);
	*bytes = (pjrt_bytes){serialize.data, serialize.data_size, serialize.owner, serialize.release};
	struct {
		size_t size;
		void *extensions, *executable;
	} destroy = {sizeof destroy, NULL, get.executable};
	call(pjrt_executable_destroy, &destroy);
	return done;
}

void pjrt_release(pjrt_bytes *bytes) { bytes->release(bytes->owner); }

void *pjrt_load(void *client, const void *bytes, size_t size) {
	struct {
		size_t size;
		void *extensions, *client;
		const void *data;
		size_t data_size;
		void *loaded;
		const char *options;
		size_t options_size;
	} load = {sizeof load, NULL, client, bytes, size};
	return call(pjrt_executable_deserialize_and_load, &load) ? load.loaded : NULL;
}
