# The Debian package and the RPM: packaging/deb/build and packaging/rpm/build run cpack on a built release. What they hold beside
# the binary and the docs is the component "package", which `cmake --install` leaves out.

set(twinlog_maintainer "twinlog maintainers <maintainers@twinlog.invalid>")
set(twinlog_packaging "${PROJECT_SOURCE_DIR}/packaging")
set(twinlog_generated "${PROJECT_BINARY_DIR}/package")

# Manual, completions, changelogs and configuration are made from the binary and its help when the package is made.
install(CODE "execute_process(COMMAND python3 \"${twinlog_packaging}/package/generate\" --maintainer \"${twinlog_maintainer}\"
    \"$<TARGET_FILE:twinlog>\" \"${twinlog_generated}\" COMMAND_ERROR_IS_FATAL ANY)" COMPONENT package EXCLUDE_FROM_ALL)

function(twinlog_package destination)
  install(FILES ${ARGN} DESTINATION "${destination}" COMPONENT package EXCLUDE_FROM_ALL)
endfunction()
function(twinlog_package_as destination name file)
  install(FILES "${file}" DESTINATION "${destination}" RENAME "${name}" COMPONENT package EXCLUDE_FROM_ALL)
endfunction()

twinlog_package(lib/systemd/system "${twinlog_packaging}/systemd/twinlog.service" "${twinlog_packaging}/systemd/twinlog.socket")
twinlog_package_as(lib/sysusers.d twinlog.conf "${twinlog_packaging}/systemd/twinlog.sysusers")
twinlog_package_as(lib/tmpfiles.d twinlog.conf "${twinlog_packaging}/systemd/twinlog.tmpfiles")
twinlog_package(/etc/twinlog "${twinlog_generated}/twinlog.toml")
twinlog_package(share/man/man1 "${twinlog_generated}/twinlog.1.gz")
twinlog_package(share/man/man5 "${twinlog_generated}/twinlog.toml.5.gz")
twinlog_package_as(share/bash-completion/completions twinlog "${twinlog_generated}/twinlog.bash")
twinlog_package(share/fish/vendor_completions.d "${twinlog_generated}/twinlog.fish")

set(CPACK_PACKAGE_CONTACT "${twinlog_maintainer}")
set(CPACK_PACKAGE_VENDOR "twinlog maintainers")
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_SET_DESTDIR OFF)
set(CPACK_STRIP_FILES ON)  # packaging/deb/debug-symbols packs what is stripped.
set(CPACK_INSTALL_CMAKE_PROJECTS "${PROJECT_BINARY_DIR};twinlog;ALL;/" "${PROJECT_BINARY_DIR};twinlog;package;/")
set(CPACK_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE WORLD_READ
  WORLD_EXECUTE)
# What one kind of package has in a place of its own, and what its policy does not want.
set(CPACK_PRE_BUILD_SCRIPTS "${twinlog_packaging}/cmake/package_tree.cmake")
set(CPACK_TWINLOG_PACKAGING "${twinlog_packaging}")
set(CPACK_TWINLOG_GENERATED "${twinlog_generated}")
set(twinlog_about "It takes login events over a local socket or HTTP, answers once they are safe
on disk, and delivers them to PostgreSQL and a document store, each exactly
once. A signed ledger shows what was changed in either store, or removed from
it, afterwards.")
set(CPACK_PACKAGE_DESCRIPTION "${twinlog_about}")

set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_RELEASE 1)
set(CPACK_DEBIAN_PACKAGE_SECTION admin)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_DEPENDS "systemd | systemd-standalone-sysusers, systemd | systemd-standalone-tmpfiles")
set(CPACK_DEBIAN_PACKAGE_DESCRIPTION "${twinlog_about}")
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
set(CPACK_DEBIAN_PACKAGE_CONTROL_EXTRA "${twinlog_packaging}/deb/postinst" "${twinlog_packaging}/deb/prerm"
  "${twinlog_packaging}/deb/postrm" "${twinlog_packaging}/deb/conffiles")

set(CPACK_RPM_FILE_NAME RPM-DEFAULT)
set(CPACK_RPM_PACKAGE_RELEASE 1)
set(CPACK_RPM_PACKAGE_LICENSE Apache-2.0)
set(CPACK_RPM_PACKAGE_GROUP System/Daemons)
set(CPACK_RPM_PACKAGE_DESCRIPTION "${twinlog_about}")
set(CPACK_PACKAGE_RELOCATABLE OFF)  # The units name /usr.
set(CPACK_RPM_PACKAGE_SUMMARY "${PROJECT_DESCRIPTION}")
set(CPACK_RPM_PACKAGE_REQUIRES "systemd")
set(CPACK_RPM_COMPRESSION_TYPE zstd)
# The same build gives the same package, whenever and wherever it is packed.
set(CPACK_RPM_SPEC_MORE_DEFINE "%global use_source_date_epoch_as_buildtime 1
%global clamp_mtime_to_source_date_epoch 1
%global _buildhost twinlog")
set(CPACK_RPM_CHANGELOG_FILE "${twinlog_generated}/changelog.rpm")
set(CPACK_RPM_POST_INSTALL_SCRIPT_FILE "${twinlog_packaging}/rpm/post")
set(CPACK_RPM_PRE_UNINSTALL_SCRIPT_FILE "${twinlog_packaging}/rpm/preun")
set(CPACK_RPM_POST_UNINSTALL_SCRIPT_FILE "${twinlog_packaging}/rpm/postun")
set(CPACK_RPM_USER_FILELIST "%config(noreplace) %verify(not mode group) /etc/twinlog/twinlog.toml")
# Folders of everybody.
set(CPACK_RPM_EXCLUDE_FROM_AUTO_FILELIST_ADDITION /etc /usr/lib/systemd /usr/lib/systemd/system /usr/lib/sysusers.d
  /usr/lib/tmpfiles.d /usr/share/bash-completion /usr/share/bash-completion/completions /usr/share/fish
  /usr/share/fish/vendor_completions.d /usr/share/man /usr/share/man/man1 /usr/share/man/man5 /usr/share/zsh
  /usr/share/zsh/site-functions)
include(CPack)
