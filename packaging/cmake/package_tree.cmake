# Run by cpack on the tree that becomes the package, before it does.
set(docs "${CPACK_TEMPORARY_INSTALL_DIRECTORY}/usr/share/doc/twinlog")
set(zsh "${CPACK_TEMPORARY_INSTALL_DIRECTORY}/usr/share/zsh")
# Not file(INSTALL), which would go below DESTDIR once more.
function(put folder)
  file(COPY ${ARGN} DESTINATION "${folder}" FILE_PERMISSIONS OWNER_READ OWNER_WRITE GROUP_READ WORLD_READ)
endfunction()

file(REMOVE "${docs}/CHANGELOG.md")
if(CPACK_GENERATOR STREQUAL "DEB")
  # The licence is in /usr/share/common-licenses.
  file(REMOVE "${docs}/LICENSE")
  put("${docs}" "${CPACK_TWINLOG_PACKAGING}/package/copyright" "${CPACK_TWINLOG_GENERATED}/changelog.gz"
    "${CPACK_TWINLOG_GENERATED}/changelog.Debian.gz")
  set(functions "${zsh}/vendor-completions")
else()
  put("${docs}" "${CPACK_TWINLOG_GENERATED}/changelog.gz")
  set(functions "${zsh}/site-functions")
endif()
put("${functions}" "${CPACK_TWINLOG_GENERATED}/twinlog.zsh")
file(RENAME "${functions}/twinlog.zsh" "${functions}/_twinlog")
